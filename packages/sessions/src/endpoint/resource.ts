import type {
  EndpointGroupResource,
  EndpointHealthResource,
  EndpointInput,
  EndpointResource,
  ResourceFields,
} from '@roundhouse/api';
import type { EndpointView, HealthView } from '@roundhouse/traffic';
import type { GroupRecord } from './directory.ts';
import { endpointFields, groupFields } from './fields.ts';

/** A group as it is shown, without what all resources have. */
export type ShownGroup = Omit<EndpointGroupResource, keyof ResourceFields>;
/** An endpoint as it is shown, without what all resources have. */
export type ShownEndpoint = Omit<EndpointResource, keyof ResourceFields>;

/** `endpoints`: ids of those that it has. */
export function groupResource(group: GroupRecord, endpoints: readonly string[]): ShownGroup {
  const { input, script, traffic, pool } = group;
  const { affinity, queue, failover, strategy, panic, failback, fallback, model, code_page, lu, labels } =
    groupFields(input);
  const { leases, waiting } = traffic.view();
  return {
    id: input.id,
    strategy,
    affinity: { mode: affinity.mode, ttl_ms: affinity.ttlMs },
    queue: { max: queue.max, timeout_ms: queue.timeoutMs },
    panic,
    failback,
    fallback: [...fallback],
    failover: { enabled: failover.enabled, timeout_ms: failover.timeoutMs, max_parallel: failover.maxParallel },
    model,
    code_page,
    lu,
    has_navigation: script !== undefined,
    warm: pool === undefined ? null : { ...pool.status },
    labels,
    endpoints: [...endpoints],
    active_sessions: leases,
    queued: waiting,
  };
}

export function endpointResource(input: EndpointInput, view: EndpointView): ShownEndpoint {
  const { host, port, tls, group, weight, priority, max_sessions, lu_pools, logons_per_s, probe, labels } =
    endpointFields(input);
  return {
    id: input.id,
    host,
    port,
    tls: tls !== false,
    group,
    weight,
    priority,
    max_sessions,
    lu_pools,
    logons_per_s,
    probe,
    labels,
    status: view.status,
    draining: view.drainDeadline !== null,
    active_sessions: view.active,
    total_sessions: view.total,
    failures: view.failures,
    response_ms: view.responseMs,
  };
}

export function healthResource({ status, checkedAt, steps, history }: HealthView): EndpointHealthResource {
  return {
    status,
    checked_at: checkedAt === null ? null : new Date(checkedAt).toISOString(),
    steps: steps.map(({ name, ok, elapsedMs, code = null }) => ({ name, ok, elapsed_ms: elapsedMs, code })),
    history: history.map(({ at, elapsedMs, ...entry }) => ({
      at: new Date(at).toISOString(),
      ...entry,
      elapsed_ms: elapsedMs,
    })),
  };
}
