import type { InstanceState } from '../instance/state.ts';
import type { DependencySpec } from '../spec/spec.ts';

type State = Pick<InstanceState, 'kind'> & { readonly reason?: string };

/**
 * Whether a condition holds of a worker, by the states of its instances; of one that has none it does not. `started` and
 * `ready`: one instance is enough, for it serves. `completed`: all have ended with success. One that has completed has
 * been started, and was as ready as it will ever be.
 */
export function holds(condition: DependencySpec['condition'], states: readonly State[]): boolean {
  switch (condition) {
    case 'started':
      return states.some((state) => isUp(state) || isCompleted(state));
    case 'ready':
      return states.some((state) => state.kind === 'ready' || isCompleted(state));
    default:
      return states.length > 0 && states.every(isCompleted);
  }
}

/** Workers whose condition does not hold yet; an unknown worker has no states. */
export function blockersOf(
  dependencies: readonly DependencySpec[],
  statesOf: (worker: string) => readonly State[],
): string[] {
  const blockers = dependencies.filter(({ worker, condition }) => !holds(condition, statesOf(worker)));
  return [...new Set(blockers.map(({ worker }) => worker))];
}

function isUp({ kind }: State): boolean {
  return kind === 'probing' || kind === 'running' || kind === 'ready';
}

function isCompleted({ kind, reason }: State): boolean {
  return kind === 'idle' && reason === 'completed';
}
