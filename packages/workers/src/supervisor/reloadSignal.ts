import { workerError } from '../errors.ts';
import type { SignalResponse } from '../process/signalResponse.ts';
import type { Signal } from '../spec/spec.ts';

const REASONS: Readonly<Record<Exclude<SignalResponse, 'handled'>, string>> = {
  ignored: 'its program ignores',
  default: 'its program does not handle: it would end',
};

/** Raises WORKER_RELOAD_REFUSED for a program that is known to do nothing of its own about the signal. */
export function mustHandleReload(worker: string, signal: Signal, response: SignalResponse | undefined): void {
  if (response === undefined || response === 'handled') return;
  const reason = `\`reload_signal\` is SIG${signal}, which ${REASONS[response]}`;
  const hint = 'It goes on with what it had. Set `reload_signal` to one that it handles, or restart it.';
  throw workerError('WORKER_RELOAD_REFUSED', { details: { worker, reason }, hint });
}
