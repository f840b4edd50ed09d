import { EXCLUSION_NAMES, type Exclusion, type ExclusionName } from './candidates.ts';
import type { StrategyName } from './strategy/strategies.ts';
import type { HealthStatus } from './health/contract.ts';
import type { Member } from './member.ts';

/** A group as it is shown; plain values. */
export interface GroupView {
  readonly id: string;
  readonly strategy: StrategyName;
  /** Requests that wait. */
  readonly waiting: number;
  /** Leases that are out, those on removed endpoints included. */
  readonly leases: number;
  readonly endpoints: readonly EndpointView[];
}

export interface EndpointView {
  readonly id: string;
  readonly weight: number;
  readonly priority: number;
  readonly limits: Readonly<Record<string, number>>;
  /** Amounts in use by resource, `sessions` among them. */
  readonly used: Readonly<Record<string, number>>;
  readonly status: HealthStatus;
  /** Why no request goes there, whatever it asks for; `none` where some can. */
  readonly exclusion: ExclusionName;
  /** Monotonic ms; null while it is not drained. */
  readonly drainDeadline: number | null;
  /** Share of its weight that counts now. */
  readonly ramp: number;
  /** Leases that are out. */
  readonly active: number;
  /** Leases given out since it joined. */
  readonly total: number;
  /** Failures reported since it joined. */
  readonly failures: number;
  /** Null before the first that was measured. */
  readonly responseMs: number | null;
}

export function viewMember<Target>(member: Member<Target>, exclusion: Exclusion): EndpointView {
  const { endpoint, health, leases, used, drainDeadline, total, failures } = member;
  const { id, weight, priority, limits } = endpoint;
  return {
    id,
    weight,
    priority,
    limits,
    used: { sessions: leases.size, ...Object.fromEntries(used) },
    status: health.status,
    exclusion: EXCLUSION_NAMES[exclusion],
    drainDeadline,
    ramp: health.ramp,
    active: leases.size,
    total,
    failures,
    responseMs: Number.isNaN(health.responseMs) ? null : health.responseMs,
  };
}
