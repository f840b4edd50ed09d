import type { Scope } from '@roundhouse/core';
import { type Breaker, type Bulkhead, type Random, retry, type RetryOptions } from '@roundhouse/resilience';
import { NetError } from '@roundhouse/net';

/** What stands between a caller and an operation; each part is optional and may be shared. */
export interface Policy {
  readonly retry?: Omit<RetryOptions, 'isRetryable'>;
  readonly breaker?: Breaker;
  readonly bulkhead?: Bulkhead;
}

export interface PolicyCall {
  /** To do it twice does no more than to do it once (RFC 9110 §9.2.2). */
  readonly isIdempotent: boolean;
}

/** Whether the operation may be done again: nothing of it has left, or to do it twice does no harm. */
export function mayRetry(error: unknown, { isIdempotent }: PolicyCall): boolean {
  if (!(error instanceof Error) || (error as { retryable?: unknown }).retryable !== true) return false;
  return isIdempotent || !(error instanceof NetError) || error.sent === 'none';
}

/**
 * Runs an operation within a policy: a place in the bulkhead for the whole of it, a permit of the breaker for each
 * attempt. Rejects as the last attempt did, with BREAKER_OPEN, BULKHEAD_FULL, or the reason of the scope.
 */
export function withPolicy<T>(
  policy: Policy,
  call: PolicyCall,
  operation: (scope: Scope) => Promise<T>,
  scope: Scope,
  deps: { readonly random: Random },
): Promise<T> {
  const { bulkhead, breaker } = policy;
  const attempt = (own: Scope): Promise<T> =>
    breaker === undefined ? operation(own) : breaker.run(() => operation(own));
  const attempts = (): Promise<T> =>
    policy.retry === undefined
      ? attempt(scope)
      : retry(
          (_attempt, own) => attempt(own),
          { ...policy.retry, isRetryable: (error) => mayRetry(error, call) },
          scope,
          deps,
        );
  return bulkhead === undefined ? attempts() : bulkhead.run(attempts, scope);
}
