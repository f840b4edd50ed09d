import { isRoundhouseError, type RoundhouseError, type Scope } from '@roundhouse/core';
import { NetError, netError, type NetRuntime, type Pool, type PoolKey, type Session } from '@roundhouse/net';
import type { EndpointGroup, Lease, LeaseRequest } from '@roundhouse/traffic';
import { mayRetry, type PolicyCall } from '../policy/policy.ts';

export interface BalancedPoolOptions<Target, K extends PoolKey> {
  /** What the connections to an endpoint are pooled by. Two endpoints must not share a key. */
  readonly keyOf: (target: Target) => K;
  /** Endpoints that are tried for one request, 1 … 100. Default 3. */
  readonly maxAttempts?: number;
  /** Whether a failure says something of the endpoint. Default: each but one of the caller's own doing. */
  readonly countsAgainst?: (error: RoundhouseError) => boolean;
}

export interface BalancedCall extends PolicyCall {
  /** Requests of the same key go to the same endpoint where they can. */
  readonly key?: string;
}

/** Connections of a pool on the endpoints of a group. It owns neither of them. */
export interface BalancedPool<C extends Session> {
  /**
   * Runs `use` with a connection to an endpoint that the group chooses, and tells the group what became of it. When
   * nothing of the request was sent, or it may be repeated, the next endpoint is tried. Rejects as the last attempt did,
   * with NO_ENDPOINT, GROUP_FULL, or the reason of the scope.
   */
  use<T>(call: BalancedCall, use: (session: C, scope: Scope) => Promise<T>, scope: Scope): Promise<T>;
}

const DEFAULT_ATTEMPTS = 3;
const MOST_ATTEMPTS = 100;
/** They tell of the request, of its caller or of the pool, and nothing of the endpoint. */
const OWN_DOING = new Set([
  'CANCELLED',
  'NET_OPTION_INVALID',
  'DRAINING',
  'POOL_EXHAUSTED',
  'PEER_NOT_FOUND',
  'PEER_REFUSED',
  'PEER_LOGIN_REFUSED',
]);
/** Of making a connection: no request has left yet. */
const BEFORE_REQUESTS = new Set(['resolve', 'connect', 'tls', 'negotiate', 'greeting', 'authenticate']);

/** Raises NET_OPTION_INVALID. */
export function createBalancedPool<Target, C extends Session, K extends PoolKey>(
  group: EndpointGroup<Target>,
  pool: Pool<C, K>,
  options: BalancedPoolOptions<Target, K>,
  runtime: Pick<NetRuntime, 'clock'>,
): BalancedPool<C> {
  const { keyOf, maxAttempts = DEFAULT_ATTEMPTS, countsAgainst = isOfTheEndpoint } = options;
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1 || maxAttempts > MOST_ATTEMPTS) {
    const reason = `maxAttempts is ${maxAttempts}, and must be a whole number from 1 to ${MOST_ATTEMPTS}`;
    throw netError('NET_OPTION_INVALID', { details: { reason } });
  }
  return { use };

  async function use<T>(call: BalancedCall, run: (session: C, scope: Scope) => Promise<T>, scope: Scope): Promise<T> {
    const tried: string[] = [];
    let last: unknown;
    while (tried.length < maxAttempts) {
      const lease = await take(call, tried, last, scope);
      tried.push(lease.endpoint.id);
      try {
        return await attempt(lease, run, scope);
      } catch (error) {
        last = error;
        scope.throwIfEnded();
        if (!mayGoElsewhere(error, call)) throw error;
      } finally {
        lease.release();
      }
    }
    throw last;
  }

  /** A place on an endpoint that was not tried yet; when there is none, what the last one failed with is told. */
  async function take(
    { key }: BalancedCall,
    avoid: readonly string[],
    last: unknown,
    scope: Scope,
  ): Promise<Lease<Target>> {
    const request: LeaseRequest = { avoid, ...(key !== undefined && { key }) };
    try {
      return await group.acquire(request, scope);
    } catch (error) {
      scope.throwIfEnded();
      throw last ?? error;
    }
  }

  async function attempt<T>(
    lease: Lease<Target>,
    run: (session: C, scope: Scope) => Promise<T>,
    scope: Scope,
  ): Promise<T> {
    const startedAt = runtime.clock.monotonic();
    try {
      const result = await pool.use(keyOf(lease.endpoint.target), (session) => run(session, scope), scope);
      lease.succeeded(runtime.clock.monotonic() - startedAt);
      return result;
    } catch (error) {
      if (isRoundhouseError(error) && countsAgainst(error)) lease.failed(error.code);
      throw error;
    }
  }
}

/** What may be repeated, and what never came to stand: another endpoint may have what this one has not. */
function mayGoElsewhere(error: unknown, call: PolicyCall): boolean {
  if (mayRetry(error, call)) return true;
  return error instanceof NetError && error.phase !== null && BEFORE_REQUESTS.has(error.phase);
}

function isOfTheEndpoint({ code }: RoundhouseError): boolean {
  return !OWN_DOING.has(code);
}
