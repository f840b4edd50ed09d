import type { Client, WorkerInstanceResource, WorkerResource } from '@roundhouse/api';
import { createScope, systemClock } from '@roundhouse/core';
import { cliError } from '../errors.ts';
import type { Io } from '../io.ts';
import { exitText } from './state.ts';

/** Without a probe a program is ready as soon as it is there. So long it has to stay, ms. */
const STAY_MS = 1_000;

/**
 * A worker that has been started, as it stands a moment later; one that a probe vouches for as it is. Raises WORKER_ENDED
 * when it has not stayed.
 */
export async function staying(client: Client, worker: WorkerResource, { clock }: Io): Promise<WorkerResource> {
  const isWatched = worker.instances.some((each) => each.state !== 'stopped' && !isVouchedFor(each));
  if (worker.type === 'unmanaged' || !isWatched) return worker;
  using scope = createScope({ clock: clock ?? systemClock });
  await scope.sleep(STAY_MS);
  // Whoever may start it need not be one who may see it.
  const later = await client.getResource('worker', worker.id).catch(() => worker);
  for (const instance of later.instances) {
    const before = worker.instances.find((each) => each.instance === instance.instance);
    const { last_exit: exit, state } = instance;
    const isDown = state === 'restarting' || state === 'failed';
    const hasEnded = state !== 'stopped' && exit?.at !== before?.last_exit?.at;
    if (exit === null || !(isDown || hasEnded)) continue;
    throw cliError('WORKER_ENDED', { details: { worker: worker.id, reason: exitText(exit) } });
  }
  return later;
}

function isVouchedFor({ health }: WorkerInstanceResource): boolean {
  return health.startup !== null || health.readiness !== null;
}
