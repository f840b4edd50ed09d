import { constants } from 'node:os';
import type { Signal } from '../spec/spec.ts';

/**
 * What a process does about a signal. `handled`: it catches it, or has it blocked to take it up itself, as with
 * signalfd(2); `default`: what the kernel does about it, which for most ends the process.
 */
export type SignalResponse = 'handled' | 'ignored' | 'default';

/** From its `/proc/PID/status`, proc_pid_status(5): masks in hexadecimal digits, the lowest bit for signal 1. */
export function signalResponse(status: string, signal: Signal): SignalResponse | undefined {
  const number = constants.signals[`SIG${signal}`];
  const has = (mask: string): boolean | undefined => {
    const digits = new RegExp(`^Sig${mask}:\\s*([\\da-f]+)$`, 'm').exec(status)?.[1];
    return digits === undefined ? undefined : ((BigInt(`0x${digits}`) >> BigInt(number - 1)) & 1n) === 1n;
  };
  const isCaught = has('Cgt');
  if (isCaught === undefined) return undefined;
  if (isCaught || has('Blk') === true) return 'handled';
  return has('Ign') === true ? 'ignored' : 'default';
}
