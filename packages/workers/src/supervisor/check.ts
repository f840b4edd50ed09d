import { isRoundhouseError } from '@roundhouse/core';
import { workerError } from '../errors.ts';
import { linePattern } from '../logs/pattern.ts';
import { parseSchedule } from '../schedule/schedule.ts';
import type { WorkerSpec } from '../spec/spec.ts';

/**
 * What a schema cannot say of a worker, and no other worker has to do with. Raises WORKER_INVALID, SCHEDULE_INVALID,
 * LOG_PATTERN_INVALID.
 */
export function checkWorker({ id, type, program, replicas, schedule, limits, logs, probes }: WorkerSpec): void {
  const invalid = (field: string, reason: string): Error =>
    workerError('WORKER_INVALID', { details: { worker: id, field, reason } });
  if (schedule !== undefined) within('schedule', () => parseSchedule(schedule));
  const { forward } = logs;
  if (forward !== undefined) within('logs.forward.pattern', () => linePattern(forward.pattern));
  if (replicas > 1 && program !== undefined && program.sockets.length > 0) {
    throw invalid('sockets', 'instances cannot share a socket: leave out `replicas`, or `sockets`');
  }
  for (const [role, probe] of Object.entries(probes)) {
    if (probe === undefined) continue;
    const { action } = probe;
    const { kind } = action;
    if (action.kind === 'log') within(`probes.${role}.log.pattern`, () => linePattern(action.pattern));
    if (kind === 'contract' && type !== 'integrated')
      throw invalid(`probes.${role}`, 'only an integrated worker answers');
    if (type === 'unmanaged' && (kind === 'exec' || kind === 'log' || kind === 'notify')) {
      throw invalid(`probes.${role}`, `${kind} needs a program that is started here`);
    }
  }
  if (type !== 'unmanaged') return;
  const [limit] = Object.keys(limits);
  if (limit !== undefined) throw invalid('limits', `a program that is started elsewhere cannot be held to ${limit}`);
  if (schedule !== undefined) throw invalid('schedule', 'it is started elsewhere');
  if (replicas > 1) throw invalid('replicas', 'an unmanaged worker is one process');
}

/** Says of a refusal which field it is about. */
function within(field: string, check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (!isRoundhouseError(error)) throw error;
    const { code, details, cause } = error;
    throw workerError(code as Parameters<typeof workerError>[0], { details: { ...details, field }, cause });
  }
}
