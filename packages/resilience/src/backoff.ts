import { inRange } from './range.ts';

/** A number from 0 up to but not including 1. */
export type Random = () => number;

/** How long to wait between attempts, as an immutable value: it may be shared and kept. */
export interface Backoff {
  /** The next wait, which is itself the backoff to go on with. */
  next(random: Random): BackoffStep;
}

export interface BackoffStep extends Backoff {
  /** How long to wait now, ms. */
  readonly delayMs: number;
}

/**
 * How chance spreads the waits of many callers that failed at once. `full`: anything from 0 to the ceiling.
 * `decorrelated`: anything from the initial delay to `factor` times the last wait. Source: M. Brooker, "Exponential
 * Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export type Jitter = 'none' | 'full' | 'decorrelated';

export interface ExponentialBackoffOptions {
  /** The first ceiling, or the floor of `decorrelated`: above 0, up to `maxMs`. */
  readonly initialMs: number;
  /** No wait is longer: up to 2,147,483,647, the longest timer. */
  readonly maxMs: number;
  /** Growth from wait to wait, 1 … 100. Default 2, with `decorrelated` 3. */
  readonly factor?: number;
  /** Default `full`. */
  readonly jitter?: Jitter;
}

const LONGEST_TIMER_MS = 2_147_483_647;

/** Waits `delayMs` (0 … 2,147,483,647) each time. Raises POLICY_INVALID. */
export function constantBackoff(delayMs: number): Backoff {
  inRange('backoff', 'delayMs', delayMs, { from: 0, to: LONGEST_TIMER_MS });
  const step: BackoffStep = { delayMs, next: () => step };
  return step;
}

/** Waits longer each time, up to a maximum. Raises POLICY_INVALID. */
export function exponentialBackoff(options: ExponentialBackoffOptions): Backoff {
  const { jitter = 'full', factor = jitter === 'decorrelated' ? 3 : 2 } = options;
  const maxMs = inRange('backoff', 'maxMs', options.maxMs, { above: 0, to: LONGEST_TIMER_MS });
  const initialMs = inRange('backoff', 'initialMs', options.initialMs, { above: 0, to: maxMs });
  inRange('backoff', 'factor', factor, { from: 1, to: 100 });

  const growing = (ceilingMs: number): Backoff => ({
    next: (random) => ({
      delayMs: jitter === 'full' ? random() * ceilingMs : ceilingMs,
      ...growing(Math.min(ceilingMs * factor, maxMs)),
    }),
  });
  const wandering = (lastMs: number): Backoff => ({
    next: (random) => {
      const delayMs = Math.min(initialMs + random() * (lastMs * factor - initialMs), maxMs);
      return { delayMs, ...wandering(delayMs) };
    },
  });
  return jitter === 'decorrelated' ? wandering(initialMs) : growing(initialMs);
}
