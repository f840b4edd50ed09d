import type {
  EndpointGroupInput,
  EndpointGroupResource,
  EndpointHealthResource,
  EndpointInput,
  EndpointResource,
} from '@roundhouse/api';
import type { Clock, Scope } from '@roundhouse/core';
import { type Bulkhead, createBulkhead } from '@roundhouse/resilience';
import {
  createHealth,
  createOutlierDetector,
  createEndpointGroup,
  type Endpoint,
  type EndpointGroup,
  type EndpointHealth,
  type EndpointView,
  type Probe,
  resolveHealthOptions,
  resolveOutlierOptions,
} from '@roundhouse/traffic';
import { isDeepStrictEqual } from 'node:util';
import { sessionsError } from '../errors.ts';
import type { EventBus } from '../event/bus.ts';
import { type NavigationScript, parseScript } from '../navigation/script.ts';
import { parseRecycleScript } from '../pool/recycleScript.ts';
import type { PoolPlan, WarmPool } from '../pool/warmPool.ts';
import type { SecretSource } from '../navigation/secret.ts';
import type { SessionTarget } from '../session/target.ts';
import { hostProbe } from './probe.ts';
import {
  type GroupSettings,
  groupSettings,
  healthOptions,
  PROBE_TIMEOUT_MS,
  trafficOptions,
  countsAgainstEndpoint,
  groupProfile,
} from './settings.ts';

const MAX_ENDPOINTS = 1_000;
const MAX_GROUPS = 200;
/** Sessions of a group that may wait for their turn to move. */
const MAX_WAITING_MOVES = 1_000_000;

export interface DirectoryDependencies {
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: EventBus;
  /** The life of the gateway. */
  readonly scope: Scope;
  /** What probes a host; replaced in tests. */
  readonly probeOf?: typeof hostProbe;
  /** For the test transactions of probes. */
  readonly secrets: SecretSource;
  readonly createPool: (plan: PoolPlan) => WarmPool;
}

/** A group as it is configured, with what spreads its sessions. */
export interface GroupRecord {
  readonly input: EndpointGroupInput;
  readonly settings: GroupSettings;
  readonly script: NavigationScript | undefined;
  readonly traffic: EndpointGroup<SessionTarget>;
  /** Sessions of the group that fail over at a time. */
  readonly bulkhead: Bulkhead;
  /** Sessions that stand ready, where the group wants some. */
  readonly pool: WarmPool | undefined;
  readonly createdAt: number;
}

interface EndpointRecord {
  readonly input: EndpointInput;
  readonly createdAt: number;
  /** Its group, or one of its own. */
  readonly traffic: EndpointGroup<SessionTarget>;
  readonly probe: Probe<SessionTarget> | undefined;
}

/** The endpoints and groups of one gateway, by id. */
export class Directory {
  readonly #deps: DirectoryDependencies;
  readonly #endpoints = new Map<string, EndpointRecord>();
  readonly #groups = new Map<string, GroupRecord>();
  /** Those that are not closed yet, of groups that were removed too. */
  readonly #pools = new Set<WarmPool>();

  constructor(deps: DirectoryDependencies) {
    this.#deps = deps;
  }

  /** Raises GROUP_EXISTS, TOO_MANY_GROUPS, GROUP_NOT_FOUND for a fallback, NAVIGATION_INVALID, WARM_NEEDS_SCRIPT. */
  addGroup(input: EndpointGroupInput): EndpointGroupResource {
    const { id } = input;
    if (this.#groups.has(id)) throw sessionsError('GROUP_EXISTS', { details: { group: id } });
    if (this.#groups.size >= MAX_GROUPS) {
      throw sessionsError('TOO_MANY_GROUPS', { details: { max_groups: MAX_GROUPS } });
    }
    const settings = groupSettings(input);
    for (const fallback of settings.fallback) this.group(fallback);
    const script = parsed(input.navigation, (raw) => parseScript(raw, 'navigation'));
    const recycle = parsed(input.warm?.recycle, parseRecycleScript);
    const { warm, failover } = settings;
    if (warm !== undefined && script === undefined)
      throw sessionsError('WARM_NEEDS_SCRIPT', { details: { group: id } });
    const traffic = this.#trafficGroup(id, settings);
    const bulkhead = createBulkhead({
      limit: failover.maxParallel,
      maxWaiting: MAX_WAITING_MOVES,
      what: `Moves of group ${id}`,
    });
    const pool =
      script &&
      warm &&
      this.#addPool({
        group: id,
        settings: warm,
        profile: groupProfile(input),
        navigation: script,
        recycle,
        traffic,
        bulkhead,
        // Sessions that lost their host find places free however long a pool takes to fill.
        maxParallel: Math.max(1, Math.floor(failover.maxParallel / 2)),
      });
    this.#groups.set(id, { input, settings, script, traffic, bulkhead, pool, createdAt: this.#deps.clock.now() });
    this.#deps.events.publish('group.created', id);
    return this.groupResource(id);
  }

  /** Raises GROUP_NOT_FOUND, GROUP_IN_USE. */
  removeGroup(id: string): void {
    const { traffic, pool } = this.group(id);
    const endpoints = this.#endpointsOf(id);
    if (endpoints.length > 0) {
      throw sessionsError('GROUP_IN_USE', { details: { group: id, endpoints: endpoints.join(', ') } });
    }
    this.#groups.delete(id);
    traffic.close();
    void pool?.close().then(() => this.#pools.delete(pool));
    this.#deps.events.publish('group.removed', id);
  }

  /** Raises GROUP_NOT_FOUND. */
  group(id: string): GroupRecord {
    const group = this.findGroup(id);
    if (group === undefined) throw sessionsError('GROUP_NOT_FOUND', { details: { group: id } });
    return group;
  }

  /** Undefined for one that is gone. */
  findGroup(id: string): GroupRecord | undefined {
    return this.#groups.get(id);
  }

  /** A group and those that take over for it, each once. Raises GROUP_NOT_FOUND. */
  chain(id: string): ReadonlyArray<EndpointGroup<SessionTarget>> {
    const { traffic, settings } = this.group(id);
    const behind = settings.fallback.flatMap((each) => this.#groups.get(each)?.traffic ?? []);
    return [...new Set([traffic, ...behind])];
  }

  groupIds(): readonly string[] {
    return [...this.#groups.keys()].sort();
  }

  /** Raises GROUP_NOT_FOUND. */
  groupResource(id: string): EndpointGroupResource {
    const { input, settings, script, traffic, pool, createdAt } = this.group(id);
    const { queue, failover, affinity } = settings;
    return {
      id,
      strategy: settings.strategy,
      affinity: { mode: affinity.mode, ttl_ms: affinity.ttlMs },
      queue: { max: queue.max, timeout_ms: queue.timeoutMs },
      panic: settings.panic,
      failback: settings.failback,
      fallback: [...settings.fallback],
      failover: {
        enabled: failover.enabled,
        timeout_ms: failover.timeoutMs,
        max_parallel: failover.maxParallel,
      },
      model: input.model ?? null,
      code_page: input.code_page ?? null,
      lu: input.lu ?? null,
      has_navigation: script !== undefined,
      warm: pool === undefined ? null : { ...pool.status },
      endpoints: this.#endpointsOf(id),
      active_sessions: traffic.view().leases,
      queued: traffic.view().waiting,
      created_at: new Date(createdAt).toISOString(),
    };
  }

  /**
   * Adds an endpoint or replaces the one of the same id. Raises GROUP_NOT_FOUND, TOO_MANY_ENDPOINTS,
   * ENDPOINT_PROBE_FIXED.
   */
  setEndpoint(input: EndpointInput): EndpointResource {
    const { id } = input;
    const before = this.#endpoints.get(id);
    if (before === undefined && this.#endpoints.size >= MAX_ENDPOINTS) {
      throw sessionsError('TOO_MANY_ENDPOINTS', { details: { max_endpoints: MAX_ENDPOINTS } });
    }
    if (before !== undefined && !isDeepStrictEqual(before.input.probe ?? {}, input.probe ?? {})) {
      throw sessionsError('ENDPOINT_PROBE_FIXED', { details: { endpoint: id } });
    }
    const group = input.group ?? null;
    const traffic = group === null ? this.#ownGroup(input, before) : this.group(group).traffic;
    if (before !== undefined && before.traffic !== traffic) before.traffic.remove(id);
    const { probeOf = hostProbe, clock, events, secrets } = this.#deps;
    const probe = probeOf(input.probe ?? {}, input.probe?.timeout_ms ?? PROBE_TIMEOUT_MS, secrets);
    this.#endpoints.set(id, { input, createdAt: before?.createdAt ?? clock.now(), traffic, probe });
    traffic.set(trafficOptions(input));
    events.publish(before === undefined ? 'endpoint.created' : 'endpoint.changed', id, { group });
    this.#retryPool(group);
    return this.endpointResource(id);
  }

  /** Raises ENDPOINT_EXISTS and what `setEndpoint` does. */
  addEndpoint(input: EndpointInput): EndpointResource {
    if (this.#endpoints.has(input.id)) throw sessionsError('ENDPOINT_EXISTS', { details: { endpoint: input.id } });
    return this.setEndpoint(input);
  }

  /** Its sessions are told to move. Raises ENDPOINT_NOT_FOUND. */
  removeEndpoint(id: string): void {
    const { traffic, input } = this.#record(id);
    this.#endpoints.delete(id);
    traffic.remove(id);
    if ((input.group ?? null) === null) traffic.close();
    this.#deps.events.publish('endpoint.removed', id);
  }

  /** Takes an endpoint back into service that was drained. Raises ENDPOINT_NOT_FOUND. */
  undrain(id: string): void {
    const { traffic, input } = this.#record(id);
    traffic.undrain(id);
    this.#retryPool(input.group ?? null);
  }

  endpointIds(): readonly string[] {
    return [...this.#endpoints.keys()].sort();
  }

  /** What spreads the sessions of an endpoint. Raises ENDPOINT_NOT_FOUND. */
  trafficOf(id: string): EndpointGroup<SessionTarget> {
    return this.#record(id).traffic;
  }

  /** Raises ENDPOINT_NOT_FOUND. */
  endpointResource(id: string): EndpointResource {
    const { input, createdAt } = this.#record(id);
    const view = this.#view(id);
    return {
      id,
      host: input.host,
      port: input.port,
      tls: input.tls !== undefined && input.tls !== false,
      group: input.group ?? null,
      weight: input.weight ?? 1,
      priority: input.priority ?? 0,
      max_sessions: input.max_sessions ?? null,
      lu_pools: input.lu_pools ?? {},
      logons_per_s: input.logons_per_s ?? null,
      probe: input.probe ?? {},
      status: view.status,
      draining: view.drainDeadline !== null,
      active_sessions: view.active,
      total_sessions: view.total,
      failures: view.failures,
      response_ms: view.responseMs,
      created_at: new Date(createdAt).toISOString(),
    };
  }

  /** Raises ENDPOINT_NOT_FOUND. */
  health(id: string): EndpointHealthResource {
    const { status, checkedAt, history } = this.#record(id).traffic.health(id);
    return {
      status,
      checked_at: checkedAt === null ? null : new Date(checkedAt).toISOString(),
      history: history.map(({ at, elapsedMs, ...entry }) => ({
        at: new Date(at).toISOString(),
        ...entry,
        elapsed_ms: elapsedMs,
      })),
    };
  }

  /** Looks at an endpoint now. True when it answers; false too for one that is gone. */
  async answers(target: SessionTarget, scope: Scope): Promise<boolean> {
    const { probeOf = hostProbe, secrets } = this.#deps;
    const record = target.endpoint === null ? undefined : this.#endpoints.get(target.endpoint);
    // A slow host that hangs up has answered all the same: it gets the time that its probe has.
    const timeoutMs = record?.input.probe?.timeout_ms ?? PROBE_TIMEOUT_MS;
    const probe = record?.probe ?? probeOf({ kind: 'tcp' }, timeoutMs, secrets);
    if (probe === undefined) return false;
    using deadline = scope.child({ what: 'The probe', timeoutMs });
    const endpoint: Endpoint<SessionTarget> = {
      id: target.endpoint ?? target.host,
      target,
      weight: 1,
      priority: 0,
      limits: {},
      logons: null,
    };
    try {
      return (await deadline.race(probe.check(endpoint, deadline))).outcome !== 'failed';
    } catch {
      return false;
    }
  }

  /** Closes all sessions that stand ready, and those that are leased as they come back. Idempotent. */
  async closePools(): Promise<void> {
    await Promise.all([...this.#pools].map((pool) => pool.close()));
  }

  /** Ends all probes. Idempotent. */
  close(): void {
    for (const { traffic } of this.#groups.values()) traffic.close();
    for (const { traffic } of this.#endpoints.values()) traffic.close();
  }

  #record(id: string): EndpointRecord {
    const record = this.#endpoints.get(id);
    if (record === undefined) throw sessionsError('ENDPOINT_NOT_FOUND', { details: { endpoint: id } });
    return record;
  }

  #view(id: string): EndpointView {
    return this.#record(id)
      .traffic.view()
      .endpoints.find((view) => view.id === id) as EndpointView;
  }

  #endpointsOf(group: string): string[] {
    return [...this.#endpoints.values()].flatMap(({ input }) => (input.group === group ? [input.id] : [])).sort();
  }

  #ownGroup(input: EndpointInput, before: EndpointRecord | undefined): EndpointGroup<SessionTarget> {
    const isOwn = before !== undefined && (before.input.group ?? null) === null;
    return isOwn ? before.traffic : this.#trafficGroup(input.id, groupSettings({ id: input.id }));
  }

  #addPool(plan: PoolPlan): WarmPool {
    const pool = this.#deps.createPool(plan);
    this.#pools.add(pool);
    return pool;
  }

  #retryPool(group: string | null): void {
    if (group !== null) this.#groups.get(group)?.pool?.retry();
  }

  #trafficGroup(
    id: string,
    { strategy, affinity, queue, panic, failback }: GroupSettings,
  ): EndpointGroup<SessionTarget> {
    const { clock, random, scope, events } = this.#deps;
    const group = createEndpointGroup<SessionTarget>(
      {
        id,
        strategy,
        affinity: { mode: affinity.mode, timeoutMs: affinity.ttlMs },
        queue,
        panic,
        failback: { mode: failback },
      },
      {
        clock,
        random,
        createHealth: (endpoint) => this.#watch(endpoint, scope),
        outliers: createOutlierDetector(resolveOutlierOptions(), clock),
        countsAgainst: countsAgainstEndpoint,
      },
    );
    group.on('healthChanged', ({ endpoint, from, to, reason }) => {
      events.publish('endpoint.health_changed', endpoint, { from, to, reason, group: id });
      if (to !== 'unhealthy') this.#retryPool(id);
    });
    return group;
  }

  #watch(endpoint: Endpoint<SessionTarget>, scope: Scope): EndpointHealth {
    const { clock, random } = this.#deps;
    const { input, probe } = this.#record(endpoint.id);
    return createHealth(endpoint, probe, resolveHealthOptions(healthOptions(input.probe)), { clock, random, scope });
  }
}

function parsed<T>(raw: unknown, parse: (raw: unknown) => T): T | undefined {
  return raw === undefined || raw === null ? undefined : parse(raw);
}
