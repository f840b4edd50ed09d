import type { RouteName } from '@roundhouse/api';
import type { Clock } from '@roundhouse/core';
import { createRateLimit, type RateLimit, resilienceError } from '@roundhouse/resilience';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { clientKey, isLoopback } from './clientAddress.ts';

/** How much somebody may ask for. A request counts for what its route costs. */
export interface Rate {
  /** 1 … 1,000,000, whole. */
  readonly perSecond: number;
  /** How much of it at once, after a pause: 1 … 1,000,000, whole. */
  readonly burst: number;
}

export interface RateLimitsOptions {
  /** Of a principal whose roles have no rate of their own. Default 200 a second, 400 at once. */
  readonly principal?: Rate;
  /** Of all that one address asks for without a principal, failed attempts to be one included. Default 20, 40 at once. */
  readonly anonymous?: Rate;
  /** By role; whoever has several of these roles has the highest rate among them. Default: none. */
  readonly roles?: Readonly<Record<string, Rate | 'unlimited'>>;
  /** Of the token that the server printed or was given, from everywhere. Default: no limit from this machine. */
  readonly root?: Rate;
  /** Principals, and as many addresses, remembered at most. Default 10,000. */
  readonly maxKeys?: number;
}

/** Who asks. */
export interface RateCaller {
  readonly id: string;
  readonly roles: readonly string[];
  /** It has the token of the installation itself. */
  readonly isRoot: boolean;
}

/** Holds each caller to its rate: the generic cell rate algorithm, by principal, or by address without one. */
export interface RateLimits {
  /**
   * Takes `cost` (0: never refused) from what the caller may have, and says on the answer what is left: `RateLimit-Policy`
   * and `RateLimit` of draft-ietf-httpapi-ratelimit-headers-11. Raises RATE_LIMITED with `retry_after_ms`. `caller` is
   * null for a request that is nobody's, which is to be asked before the credential it brought is refused.
   */
  admit(request: FastifyRequest, reply: FastifyReply, caller: RateCaller | null, cost: number): void;
}

const DEFAULT_PRINCIPAL: Rate = { perSecond: 200, burst: 400 };
const DEFAULT_ANONYMOUS: Rate = { perSecond: 20, burst: 40 };
const DEFAULT_MAX_KEYS = 10_000;

/** What a request to a route counts for where it is not 1. What tells how the server is must always answer. */
const COSTS: Partial<Readonly<Record<RouteName, number>>> = {
  livez: 0,
  readyz: 0,
  getMetrics: 0,
  createSession: 5,
  migrateSession: 5,
  drainEndpoint: 5,
  replayDeliveries: 5,
  testWebhook: 5,
  reloadConfiguration: 5,
  putOverride: 5,
  deleteOverride: 5,
  exportMetrics: 20,
  getComplianceReport: 20,
  exportAudit: 20,
  rebuildAuditIndex: 20,
};

/** What a request to a route counts for, 0 … 20. */
export function costOf(route: RouteName): number {
  return COSTS[route] ?? 1;
}

/** Raises POLICY_INVALID. */
export function createRateLimits(options: RateLimitsOptions, deps: { readonly clock: Clock }): RateLimits {
  const { principal = DEFAULT_PRINCIPAL, anonymous = DEFAULT_ANONYMOUS, roles = {}, root } = options;
  const { maxKeys = DEFAULT_MAX_KEYS } = options;
  const meter = (name: string, rate: Rate): Meter => new Meter(name, rate, maxKeys, deps.clock);
  const anonymousMeter = meter('anonymous', anonymous);
  const principalMeter = meter('principal', principal);
  const rootMeter = meter('root', root ?? principal);
  const isRootUnlimited = root === undefined;
  const roleMeters = new Map(
    Object.entries(roles).map(([role, rate]) => [role, rate === 'unlimited' ? null : meter(role, rate)] as const),
  );

  /** Null: no limit. */
  function meterOf({ roles: held, isRoot }: RateCaller, { ip }: FastifyRequest): Meter | null {
    if (isRoot) return isRootUnlimited && isLoopback(ip) ? null : rootMeter;
    if (roleMeters.size === 0) return principalMeter;
    let highest: Meter | undefined;
    for (const role of held) {
      const each = roleMeters.get(role);
      if (each === null) return null;
      if (each !== undefined && each.perSecond > (highest?.perSecond ?? 0)) highest = each;
    }
    return highest ?? principalMeter;
  }

  return {
    admit(request, reply, caller, cost) {
      if (cost === 0) return;
      if (caller === null) anonymousMeter.charge(clientKey(request.ip), cost, reply);
      else meterOf(caller, request)?.charge(caller.id, cost, reply);
    },
  };
}

/** One policy, and what each of its keys has left. */
class Meter {
  readonly perSecond: number;
  readonly #burst: number;
  readonly #limit: RateLimit;
  /** `"principal";q=400;w=2`: at most the burst in the time that brings it back. */
  readonly #policyField: string;
  /** `"principal"`, a String of RFC 9651 §3.3.3. */
  readonly #name: string;

  constructor(name: string, { perSecond, burst }: Rate, maxKeys: number, clock: Clock) {
    this.perSecond = perSecond;
    this.#burst = burst;
    // The interval is at least a second, and the limit at least the burst.
    const seconds = Math.max(1, burst / perSecond);
    this.#limit = createRateLimit(
      { limit: Math.round(perSecond * seconds), burst, intervalMs: seconds * 1_000, maxKeys, what: 'Requests' },
      { clock },
    );
    this.#name = `"${name}"`;
    this.#policyField = `${this.#name};q=${burst};w=${Math.ceil(burst / perSecond)}`;
  }

  charge(key: string, cost: number, reply: FastifyReply): void {
    const { isAllowed, remaining, retryAfterMs } = this.#limit.tryTake(key, Math.min(cost, this.#burst));
    const resetSeconds = Math.ceil((this.#burst - remaining) / this.perSecond);
    void reply.header('ratelimit-policy', this.#policyField);
    void reply.header('ratelimit', `${this.#name};r=${remaining};t=${resetSeconds}`);
    if (isAllowed) return;
    throw resilienceError('RATE_LIMITED', {
      details: {
        what: 'Requests',
        limit: this.perSecond,
        interval_ms: 1_000,
        burst: this.#burst,
        cost,
        retry_after_ms: retryAfterMs,
      },
    });
  }
}
