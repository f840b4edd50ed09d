import type { ResourceInput } from '@roundhouse/api';
import { checkGraph, resolveWorker, type Supervisor, workerError } from '@roundhouse/workers';
import { workersError } from '../worker/errors.ts';
import { workerShown } from '../worker/shown.ts';
import type { Actuator } from './actuator.ts';

/** Without a supervisor none is taken, and those that are kept from before are shown as nobody knows them. */
export function workerActuator(supervisor: Supervisor | undefined): Actuator<'worker'> {
  const required = (): Supervisor => {
    if (supervisor === undefined) throw workersError('WORKERS_UNAVAILABLE');
    return supervisor;
  };
  return {
    kind: 'worker',
    check: (input) => required().check(resolveWorker(input)),
    checkAll: checkDependencies,
    apply: (input) => required().set(resolveWorker(input)),
    async remove(id) {
      // One that is kept, and could not be applied when it was read, is not known there.
      if (supervisor?.find(id) !== undefined) await supervisor.remove(id);
    },
    show(input) {
      const status = supervisor?.find(input.id);
      return workerShown(input, status?.spec ?? resolveWorker(input), status);
    },
  };
}

/** Raises WORKER_INVALID for those that wait for each other. That all are there is known. */
function checkDependencies(inputs: ReadonlyArray<ResourceInput<'worker'>>): void {
  // None else can be part of a circle.
  const waiting = inputs.filter(({ depends_on: on = [] }) => on.length > 0);
  const fault = checkGraph(waiting.map(resolveWorker)).find(({ kind }) => kind !== 'missing');
  if (fault === undefined) return;
  const field = `depends_on[${fault.index}]`;
  throw workerError('WORKER_INVALID', {
    details: { worker: fault.worker, field, reason: `the dependency ${fault.reason}` },
  });
}
