import { isRoundhouseError, type Scope } from '@roundhouse/core';
import type { Backoff, Random } from './backoff.ts';
import { inRange } from './range.ts';
import type { RetryBudget } from './retryBudget.ts';

export interface RetryOptions {
  /** How often the operation is called at most, the first time included: 1 … 1,000,000. */
  readonly attempts: number;
  readonly backoff: Backoff;
  /** Shared by all callers of the same service. */
  readonly budget?: RetryBudget;
  /** Whether another attempt may help. Default: what the catalogue says of the code; no for any other error. */
  readonly isRetryable?: (error: unknown) => boolean;
}

/**
 * Calls the operation until it succeeds, and settles as its last attempt did. `attempt` counts from 1; each attempt has
 * a scope of its own, which ends with it: nothing that an attempt began is left to the next one.
 *
 * It waits at least as long as an error asks for (`retry_after_ms` in its details). It gives up early, with the error of
 * the last attempt, when another one can not help, when the budget is empty, and when the scope's deadline leaves no
 * room for the wait. Rejects with the reason of the scope when that ends during a wait, with POLICY_INVALID for a wrong
 * number of attempts.
 */
export async function retry<T>(
  operation: (attempt: number, scope: Scope) => Promise<T>,
  options: RetryOptions,
  scope: Scope,
  deps: { readonly random: Random },
): Promise<T> {
  const { attempts, budget, isRetryable = saysRetryable } = options;
  inRange('retry', 'attempts', attempts, { from: 1, to: 1_000_000, whole: true });
  scope.throwIfEnded();
  budget?.recordRequest();
  let { backoff } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      using own = scope.child();
      return await operation(attempt, own);
    } catch (error) {
      if (attempt === attempts || scope.signal.aborted || !isRetryable(error)) throw error;
      const step = backoff.next(deps.random);
      const delayMs = Math.max(step.delayMs, askedDelayMs(error));
      const hasRoom = scope.clock.monotonic() + delayMs < scope.deadline;
      if (!hasRoom || budget?.tryWithdraw() === false) throw error;
      await scope.sleep(delayMs);
      backoff = step;
    }
  }
}

function saysRetryable(error: unknown): boolean {
  return isRoundhouseError(error) && error.retryable;
}

function askedDelayMs(error: unknown): number {
  const asked = isRoundhouseError(error) ? error.details['retry_after_ms'] : undefined;
  return typeof asked === 'number' && asked > 0 ? asked : 0;
}
