import type { RestartSpec, RestartTrigger } from '../spec/spec.ts';

/** What has to be remembered of restarts: plain data, for a supervisor that comes later to go on with. */
export interface RestartHistory {
  /** In a row: since it was last up for long enough. */
  readonly restarts: number;
  /** Spent of each budget. */
  readonly spent: Readonly<Record<RestartTrigger, number>>;
  /**
   * When the circuit was opened, wall clock in ms; null while it is closed. Nothing is started while it is open but the
   * one try after its wait, so a run that ends with an open circuit was that try.
   */
  readonly openedAt: number | null;
}

const UNSPENT = { exit: 0, health_failure: 0, resource_violation: 0 } as const;

/** Of a worker that has not been restarted. */
export const NO_RESTARTS: RestartHistory = { restarts: 0, spent: UNSPENT, openedAt: null };

/** A run shorter than this is never long enough, whatever `reset_after` says: else a crash loop would never wait, ms. */
const MIN_UP_MS = 1_000;

/** The history once a run has been up for so long: all is forgiven after `resetAfterMs`. */
export function whenUp(history: RestartHistory, { resetAfterMs }: RestartSpec, upMs: number): RestartHistory {
  return upMs < Math.max(resetAfterMs, MIN_UP_MS) ? history : NO_RESTARTS;
}

/** The history once probes have found a run ready: the try that an open circuit allowed closes it, with whole budgets. */
export function whenReady(history: RestartHistory): RestartHistory {
  return history.openedAt === null ? history : { ...history, spent: UNSPENT, openedAt: null };
}
