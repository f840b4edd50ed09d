import type { EndpointGroupInput, EndpointInput, EndpointProbeInput } from '@roundhouse/api';
import type { EndpointOptions, HealthOptions } from '@roundhouse/traffic';
import type { SessionProfile } from '../session/open.ts';
import { endpointTarget, type SessionTarget } from '../session/target.ts';

/** Of one probe where its endpoint says nothing, ms. */
export const PROBE_TIMEOUT_MS = 5_000;

export type GroupProfile = Pick<SessionProfile, 'model' | 'code_page' | 'lu'>;

/** A group with its defaults, as the API shows it. */
export interface GroupSettings {
  readonly strategy: NonNullable<EndpointGroupInput['strategy']>;
  readonly affinity: { readonly mode: 'none' | 'sticky' | 'hash'; readonly ttlMs: number };
  readonly queue: { readonly max: number; readonly timeoutMs: number };
  readonly panic: NonNullable<EndpointGroupInput['panic']>;
  readonly failback: NonNullable<EndpointGroupInput['failback']>;
  readonly fallback: readonly string[];
  readonly failover: { readonly enabled: boolean; readonly timeoutMs: number; readonly maxParallel: number };
  /** Sessions that are kept ready; undefined: none. */
  readonly warm: WarmSettings | undefined;
}

export interface WarmSettings {
  readonly size: number;
  /** Age at which a session is replaced, ms; Infinity for none. */
  readonly maxAgeMs: number;
  /** Uses after which a session is replaced; Infinity for no limit. */
  readonly maxUses: number;
}

export function groupSettings(input: EndpointGroupInput): GroupSettings {
  const { affinity = {}, queue = {}, failover = {} } = input;
  const warm = input.warm ?? undefined;
  return {
    strategy: input.strategy ?? 'p2c',
    affinity: { mode: affinity.mode ?? 'hash', ttlMs: affinity.ttl_ms ?? 3_600_000 },
    queue: { max: queue.max ?? 100, timeoutMs: queue.timeout_ms ?? 5_000 },
    panic: input.panic ?? 'spread',
    failback: input.failback ?? 'manual',
    fallback: input.fallback ?? [],
    failover: {
      enabled: failover.enabled ?? true,
      timeoutMs: failover.timeout_ms ?? 30_000,
      maxParallel: failover.max_parallel ?? 32,
    },
    warm: warm && { size: warm.size, maxAgeMs: warm.max_age_ms ?? Infinity, maxUses: warm.max_uses ?? Infinity },
  };
}

/** What sessions of a group are like that ask for nothing else. */
export function groupProfile({ model, code_page, lu }: EndpointGroupInput): GroupProfile {
  return {
    ...(model === undefined ? {} : { model }),
    ...(code_page === undefined ? {} : { code_page }),
    ...(lu === undefined || lu === null ? {} : { lu }),
  };
}

/** What traffic is told of an endpoint. */
export function trafficOptions(input: EndpointInput): EndpointOptions<SessionTarget> {
  const { id, weight, priority, max_sessions, lu_pools = {} } = input;
  const pools = Object.entries(lu_pools).map(([name, count]) => [`lu:${name}`, count] as const);
  return {
    id,
    target: endpointTarget(input),
    ...(weight === undefined ? {} : { weight }),
    ...(priority === undefined ? {} : { priority }),
    logons: input.logons_per_s === undefined || input.logons_per_s === null ? null : { perSecond: input.logons_per_s },
    limits: {
      ...Object.fromEntries(pools),
      ...(max_sessions === undefined || max_sessions === null ? {} : { sessions: max_sessions }),
    },
  };
}

/** Failures of live sessions that prove an endpoint unable to serve; others count one each. */
const PASSIVE_CODES = {
  CONNECT_REFUSED: 'decisive',
  SESSION_CLOSED: 'ignored',
  // The user's own doing: a name that this host does not know says nothing of its health.
  LU_UNKNOWN: 'ignored',
} as const;

/** Whether a failure says something of the endpoint, and not of the one who asked. */
export function countsAgainstEndpoint(code: string): boolean {
  return PASSIVE_CODES[code as keyof typeof PASSIVE_CODES] !== 'ignored' && code !== 'CANCELLED';
}

export function healthOptions(probe: EndpointProbeInput = {}): HealthOptions {
  const { interval_ms, timeout_ms, rise, fall, degraded_above_ms, slow_start_ms } = probe;
  return {
    timeoutMs: timeout_ms ?? PROBE_TIMEOUT_MS,
    ...(interval_ms === undefined ? {} : { intervalMs: interval_ms, fastIntervalMs: Math.min(interval_ms, 2_000) }),
    ...(rise === undefined ? {} : { rise }),
    ...(fall === undefined ? {} : { fall }),
    ...(degraded_above_ms === undefined ? {} : { degradedAboveMs: degraded_above_ms }),
    ...(slow_start_ms === undefined ? {} : { slowStartMs: slow_start_ms }),
    passive: { codes: PASSIVE_CODES },
  };
}
