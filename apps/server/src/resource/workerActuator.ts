import { resolveWorker, type Supervisor } from '@roundhouse/workers';
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
    apply: (input) => required().set(resolveWorker(input)),
    remove: (id) => supervisor?.remove(id),
    show: (input) => workerShown(input, resolveWorker(input), supervisor?.find(input.id)),
  };
}
