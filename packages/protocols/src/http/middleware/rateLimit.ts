import type { Clock } from '@roundhouse/core';
import { parseAddress } from '@roundhouse/net';
import { createTokenBucket, type TokenBucket } from '@roundhouse/resilience';
import { httpError } from '../errors.ts';
import type { HttpRequest, Middleware } from '../message.ts';
import { problem } from '../problem.ts';

export interface RateLimitOptions {
  readonly ratePerSecond: number;
  /** Requests that may come at once. */
  readonly burst: number;
  /** Who is counted. Default: the address of the peer; behind a proxy that is the proxy. */
  readonly keyOf?: (request: HttpRequest) => string;
  /** How many are remembered; beyond, whoever was longest silent is forgotten. Default 10,000. */
  readonly maxKeys?: number;
}

/** Holds each client to a rate: 429 with Retry-After beyond it. Raises POLICY_INVALID. */
export function rateLimit(options: RateLimitOptions, deps: { readonly clock: Clock }): Middleware {
  const { ratePerSecond, burst, maxKeys = 10_000, keyOf = addressOf } = options;
  const make = (): TokenBucket => createTokenBucket({ ratePerSecond, burst, what: 'Requests' }, deps);
  make();
  /** In order of last use. */
  const buckets = new Map<string, TokenBucket>();
  const retryAfter = Math.max(1, Math.ceil(1 / ratePerSecond));
  const refused = problem(httpError('HTTP_TOO_MANY_REQUESTS'), { 'retry-after': retryAfter });
  return (next) => (request, scope) => {
    const key = keyOf(request);
    const bucket = buckets.get(key) ?? make();
    buckets.delete(key);
    buckets.set(key, bucket);
    if (buckets.size > maxKeys) buckets.delete(buckets.keys().next().value as string);
    return bucket.tryTake() ? next(request, scope) : refused;
  };
}

function addressOf({ peer }: HttpRequest): string {
  return parseAddress(peer, 0).host;
}
