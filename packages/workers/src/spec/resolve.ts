import type { WorkerInput } from '@roundhouse/api';
import { workerError } from '../errors.ts';
import { flattenWorker } from './flatten.ts';
import { limitsOf, logsOf, monitoringOf } from './limits.ts';
import { probesOf } from './probes.ts';
import { attachOf, programOf, stopOf } from './program.ts';
import { restartOf } from './restart.ts';
import type { WorkerSpec } from './spec.ts';

/** What a worker that was written so is to be. Raises WORKER_UNIT_CONFLICT, WORKER_INVALID. */
export function resolveWorker(written: WorkerInput): WorkerSpec {
  const input = flattenWorker(written);
  const { id, type = 'managed', profile = 'default', schedule } = input;
  const isUnmanaged = type === 'unmanaged';
  const invalid = (field: string, reason: string): Error =>
    workerError('WORKER_INVALID', { details: { worker: id, field, reason } });
  if (isUnmanaged && input.attach === undefined) throw invalid('attach', 'an unmanaged worker needs it to be found');
  if (!isUnmanaged && input.attach !== undefined)
    throw invalid('attach', `only an unmanaged worker is found, not a ${type} one`);
  if (isUnmanaged && input.command !== undefined)
    throw invalid('command', 'an unmanaged worker is started by somebody else');
  if (isUnmanaged && (input.replicas ?? 1) > 1) throw invalid('replicas', 'an unmanaged worker is one process');
  return {
    id,
    type,
    isEnabled: input.enabled ?? true,
    program: programOf(input),
    attach: input.attach && attachOf(input.attach),
    replicas: input.replicas ?? 1,
    group: input.group,
    profile,
    schedule,
    dependencies: (input.depends_on ?? []).map((each) =>
      typeof each === 'string'
        ? { worker: each, condition: 'ready', cascade: 'none' }
        : { worker: each.worker, condition: each.condition ?? 'ready', cascade: each.cascade ?? 'none' },
    ),
    restart: restartOf(input.restart, profile, schedule !== undefined),
    probes: probesOf(input.probes),
    stop: stopOf(input.stop),
    reloadSignal: input.reload_signal ?? 'HUP',
    limits: limitsOf(input.limits),
    monitoring: monitoringOf(input.resource_monitoring),
    logs: logsOf(input.logs),
    labels: input.labels ?? {},
  };
}
