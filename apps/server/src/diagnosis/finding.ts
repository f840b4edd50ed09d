import type { Facts } from './facts.ts';

export type Outcome = 'ok' | 'warn' | 'fail';

/** One finding. */
export interface Finding {
  /** What was looked at, e.g. `disk`, `port api`. */
  readonly check: string;
  readonly outcome: Outcome;
  readonly message: string;
  /** What to do about it; null when there is nothing to do. */
  readonly nextStep: string | null;
}

export type Check = (facts: Facts) => readonly Finding[];

export function ok(check: string, message: string): Finding {
  return { check, outcome: 'ok', message, nextStep: null };
}

export function warn(check: string, message: string, nextStep: string): Finding {
  return { check, outcome: 'warn', message, nextStep };
}

export function fail(check: string, message: string, nextStep: string): Finding {
  return { check, outcome: 'fail', message, nextStep };
}
