import { workerError } from '../errors.ts';
import type { SignalResponse } from '../process/signalResponse.ts';
import type { Signal } from '../spec/spec.ts';

const REASONS: Readonly<Record<Exclude<SignalResponse, 'handled'>, string>> = {
  ignored: 'its program ignores it',
  default: 'its program does not handle it, and would be ended by it',
};

/** Raises WORKER_RELOAD_REFUSED for a program that is known to do nothing of its own about the signal. */
export function mustHandleReload(worker: string, signal: Signal, response: SignalResponse | undefined): void {
  if (response === undefined || response === 'handled') return;
  const reason = `\`reload_signal\` is SIG${signal}, and ${REASONS[response]}`;
  throw workerError('WORKER_RELOAD_REFUSED', { details: { worker, reason } });
}
