import { workerError } from '../errors.ts';
import { linePattern } from '../logs/pattern.ts';
import { parseSchedule } from '../schedule/schedule.ts';
import type { WorkerSpec } from '../spec/spec.ts';

/**
 * What a schema cannot say of a worker, and no other worker has to do with. Raises WORKER_INVALID, SCHEDULE_INVALID,
 * LOG_PATTERN_INVALID.
 */
export function checkWorker({ id, type, schedule, limits, logs, probes }: WorkerSpec): void {
  const invalid = (field: string, reason: string): Error =>
    workerError('WORKER_INVALID', { details: { worker: id, field, reason } });
  if (schedule !== undefined) parseSchedule(schedule);
  if (logs.forward !== undefined) linePattern(logs.forward.pattern);
  for (const [role, probe] of Object.entries(probes)) {
    const { kind } = probe?.action ?? {};
    if (probe?.action.kind === 'log') linePattern(probe.action.pattern);
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
}
