import type { WorkerResource } from '@roundhouse/api';
import { createScope, systemClock } from '@roundhouse/core';
import type { Io } from '../io.ts';
import { printable } from '../render.ts';
import { stateText } from './state.ts';

/** How often the server is asked how far it is, ms. */
const POLL_MS = 500;

/** Where workers are while something is done to them. */
export type Look = (signal: AbortSignal) => Promise<readonly WorkerResource[]>;

/** Does the work, and meanwhile tells each state that workers come to, a line each. What cannot be seen is not told. */
export async function withProgress<T>(look: Look, work: () => Promise<T>, { stderr, clock }: Io): Promise<T> {
  using scope = createScope({ clock: clock ?? systemClock });
  const told = new Map<string, string>();
  const tell = async (): Promise<void> => {
    for (;;) {
      await scope.sleep(POLL_MS);
      for (const worker of await look(scope.signal)) {
        const { id, state, reason } = worker;
        // The remaining time changes with every look; the state does not.
        const key = `${state} ${reason} ${worker.instances.map((each) => each.state).join(' ')}`;
        if (scope.signal.aborted || told.get(id) === key) continue;
        told.set(id, key);
        stderr.write(`${printable(`${id}: ${stateText(worker, scope.clock.now())}`)}\n`);
      }
    }
  };
  const telling = tell().catch(() => {});
  try {
    return await work();
  } finally {
    scope.end();
    await telling;
  }
}
