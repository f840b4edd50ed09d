import type { Clock, Scope } from '@roundhouse/core';
import type { EventLog } from '@roundhouse/store';

export interface RetentionOptions {
  /** Events kept at most, from 1,000. Default 1,000,000. */
  readonly maxEvents?: number;
  /** Default 7 days. */
  readonly maxAgeMs?: number;
}

/** Events forgotten in one call, so that no transaction is long. */
const SLICE = 1_000;
const DAY_MS = 86_400_000;
const DEFAULTS = { maxEvents: 1_000_000, maxAgeMs: 7 * DAY_MS };

/** Forgets what is over the number or the age, a slice at a time, and tells of each. Ends early with the scope. */
export async function applyRetention(
  log: EventLog,
  options: RetentionOptions,
  deps: { readonly clock: Clock; readonly scope: Scope; readonly onTrimmed: (upTo: number) => void },
): Promise<void> {
  const { maxEvents, maxAgeMs } = { ...DEFAULTS, ...options };
  const { clock, scope, onTrimmed } = deps;
  for (;;) {
    scope.throwIfEnded();
    const { first, last } = await log.range();
    const slice = await log.read({ after: first - 1, limit: SLICE });
    const oldest = clock.now() - maxAgeMs;
    // By position, not by a search: a wall clock that went back must not keep what lies behind.
    const young = slice.findIndex(({ at, sequence }) => at >= oldest && sequence > last - maxEvents);
    const upTo = (young === -1 ? slice.at(-1) : slice[young - 1])?.sequence;
    if (upTo === undefined) return;
    await log.trim(upTo);
    onTrimmed(upTo);
    if (young !== -1) return;
  }
}
