import type { EndpointGroupInput, EndpointHealthResource, EndpointInput, Labels } from '@roundhouse/api';
import type { Clock, Scope } from '@roundhouse/core';
import { type Bulkhead, createBulkhead } from '@roundhouse/resilience';
import {
  createHealth,
  createOutlierDetector,
  createEndpointGroup,
  type Endpoint,
  type EndpointGroup,
  type EndpointGroupOptions,
  type EndpointOptions,
  type EndpointView,
  type HealthMonitor,
  type Probe,
  resolveEndpoint,
  resolveHealthOptions,
  resolveOutlierOptions,
} from '@roundhouse/traffic';
import { isDeepStrictEqual } from 'node:util';
import { sessionsError } from '../errors.ts';
import type { Events } from '../event/events.ts';
import type { NavigationScript } from '../navigation/script.ts';
import type { SecretSource } from '../navigation/secret.ts';
import type { PoolPlan, WarmPool } from '../pool/warmPool.ts';
import { endpointTarget, type SessionTarget } from '../session/target.ts';
import { Answers, type Look } from './answers.ts';
import { changedFields, endpointFields, groupFields } from './fields.ts';
import { fallbackLoop, type GroupPlan, planGroup } from './groupPlan.ts';
import { hostProbe } from './probe.ts';
import { endpointResource, groupResource, healthResource, type ShownEndpoint, type ShownGroup } from './resource.ts';
import {
  countsAgainstEndpoint,
  type GroupSettings,
  groupProfile,
  healthOptions,
  PROBE_TIMEOUT_MS,
  trafficOptions,
} from './settings.ts';

const MAX_ENDPOINTS = 1_000;
const MAX_GROUPS = 200;
/** Sessions of a group that may wait for their turn to move: all of them. */
const MAX_WAITING_MOVES = 1_000_000;

export interface DirectoryDependencies {
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: Events;
  /** The life of the gateway. */
  readonly scope: Scope;
  /** What probes a host; replaced in tests. */
  readonly probeOf?: typeof hostProbe;
  /** For the test transactions of probes. */
  readonly secrets: SecretSource;
  readonly createPool: (plan: PoolPlan) => WarmPool;
}

/** How an endpoint does. */
export interface EndpointFigures {
  readonly endpoint: string;
  /** Empty for one of its own. */
  readonly group: string;
  readonly sessions: number;
  /** Places taken, those of sessions that connect included. */
  readonly leases: number;
  readonly status: EndpointView['status'];
}

/** A group as it is configured, with what spreads its sessions. Replaced when its configuration changes. */
export interface GroupRecord {
  readonly input: EndpointGroupInput;
  readonly settings: GroupSettings;
  readonly script: NavigationScript | undefined;
  readonly traffic: EndpointGroup<SessionTarget>;
  /** Sessions of the group that are moved, or opened to stand ready, at a time. */
  readonly turns: Bulkhead;
  /** Sessions that stand ready, where the group wants some. */
  readonly pool: WarmPool | undefined;
}

/** An endpoint that was checked, and can be made. */
interface EndpointPlan {
  readonly input: EndpointInput;
  readonly spread: EndpointOptions<SessionTarget>;
  readonly probe: Probe<SessionTarget> | undefined;
  readonly health: ReturnType<typeof resolveHealthOptions>;
}

interface EndpointRecord extends EndpointPlan {
  /** Its group, or one of its own. */
  readonly traffic: EndpointGroup<SessionTarget>;
}

/**
 * The endpoints and groups of one gateway, by id. They change while sessions live on them: nothing but another target,
 * or another group, asks a session to move.
 */
export class Directory {
  readonly #deps: DirectoryDependencies;
  readonly #endpoints = new Map<string, EndpointRecord>();
  readonly #groups = new Map<string, GroupRecord>();
  /** What watches each endpoint, by its id. */
  readonly #monitors = new Map<string, HealthMonitor<SessionTarget>>();
  /** Those that are not closed yet, of groups that were removed or have another one now too. */
  readonly #pools = new Set<WarmPool>();
  readonly #answers: Answers;

  constructor(deps: DirectoryDependencies) {
    this.#deps = deps;
    this.#answers = new Answers((target) => this.#lookOf(target), deps.scope);
  }

  /**
   * Adds a group, or changes the one of this id under its sessions; nothing happens when it says what it said. Raises
   * what `checkGroup` does, and has changed nothing then.
   */
  setGroup(input: EndpointGroupInput): ShownGroup {
    const { id } = input;
    const plan = this.#planGroup(input);
    const before = this.#groups.get(id);
    if (before === undefined) {
      const spread = { traffic: this.#trafficGroup(plan.spread), turns: turnsOf(plan) };
      this.#groups.set(id, this.#groupRecord(plan, spread, undefined));
      return this.groupResource(id);
    }
    const changed = changedFields(groupFields(before.input), groupFields(input));
    if (changed.length === 0) return this.groupResource(id);
    const after = this.#groupRecord(plan, before, before.pool);
    this.#groups.set(id, after);
    before.traffic.configure(plan.spread);
    before.turns.resize(plan.settings.failover.maxParallel);
    if (after.pool !== before.pool) {
      if (before.pool !== undefined) this.#closePool(before.pool);
      if (this.#endpointsOf(id).length > 0) after.pool?.retry();
    }
    return this.groupResource(id);
  }

  /**
   * Whether `setGroup` would take an input: raises TOO_MANY_GROUPS, GROUP_NOT_FOUND and GROUP_FALLBACK_LOOP for its
   * fallbacks, NAVIGATION_INVALID, WARM_NEEDS_SCRIPT, GROUP_OPTION_INVALID; changes nothing.
   */
  checkGroup(input: EndpointGroupInput): void {
    this.#planGroup(input);
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
    if (pool !== undefined) this.#closePool(pool);
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
  groupResource(id: string): ShownGroup {
    return groupResource(this.group(id), this.#endpointsOf(id));
  }

  /**
   * Adds an endpoint, or changes the one of this id under its sessions; nothing happens when it says what it said. With
   * another target or group it is a new one, and the sessions on the old one are told to move. Raises what
   * `checkEndpoint` does, and has changed nothing then.
   */
  setEndpoint(input: EndpointInput): ShownEndpoint {
    const { id } = input;
    const plan = this.#planEndpoint(input);
    const before = this.#endpoints.get(id);
    const changed = before === undefined ? [] : changedFields(endpointFields(before.input), endpointFields(input));
    if (before !== undefined && changed.length === 0) return this.endpointResource(id);
    const group = input.group ?? null;
    const traffic = group === null ? this.#ownGroup(input, before) : this.group(group).traffic;
    if (before !== undefined && before.traffic !== traffic) this.#leave(before);
    const monitor = this.#monitors.get(id);
    this.#endpoints.set(id, { ...plan, traffic });
    traffic.set(plan.spread);
    // A new endpoint has a new monitor, made for the new probe.
    if (changed.includes('probe') && this.#monitors.get(id) === monitor) monitor?.configure(plan.probe, plan.health);
    this.#retryPool(group);
    return this.endpointResource(id);
  }

  /**
   * Whether `setEndpoint` would take an input: raises TOO_MANY_ENDPOINTS, GROUP_NOT_FOUND, NAVIGATION_INVALID for the
   * transaction of its probe, ENDPOINT_OPTION_INVALID, HEALTH_OPTION_INVALID; changes nothing.
   */
  checkEndpoint(input: EndpointInput): void {
    this.#planEndpoint(input);
  }

  /** Its sessions are told to move. Raises ENDPOINT_NOT_FOUND. */
  removeEndpoint(id: string): void {
    const record = this.#record(id);
    this.#endpoints.delete(id);
    this.#monitors.delete(id);
    this.#leave(record);
  }

  /** Takes an endpoint back into service that was drained. Raises ENDPOINT_NOT_FOUND. */
  undrain(id: string): void {
    const { traffic, input } = this.#record(id);
    traffic.undrain(id);
    this.#retryPool(input.group ?? null);
  }

  /** How each endpoint does, for the metrics. */
  figures(): ReadonlyArray<EndpointFigures> {
    return [...this.#endpoints].map(([id, { input, traffic }]) => {
      const view = traffic.viewOf(id);
      const leases = view?.active ?? 0;
      return { endpoint: id, group: input.group ?? '', sessions: leases, leases, status: view?.status ?? 'unknown' };
    });
  }

  endpointIds(): readonly string[] {
    return [...this.#endpoints.keys()].sort();
  }

  /** What spreads the sessions of an endpoint. Raises ENDPOINT_NOT_FOUND. */
  trafficOf(id: string): EndpointGroup<SessionTarget> {
    return this.#record(id).traffic;
  }

  /** Raises ENDPOINT_NOT_FOUND. */
  endpointResource(id: string): ShownEndpoint {
    const { input, traffic } = this.#record(id);
    return endpointResource(input, traffic.viewOf(id) as EndpointView);
  }

  /** Raises ENDPOINT_NOT_FOUND. */
  health(id: string): EndpointHealthResource {
    return healthResource(this.#record(id).traffic.health(id));
  }

  /**
   * The labels of an endpoint over those of a group: the one named, or else that of the endpoint. What is not there, or
   * not there any more, has none.
   */
  labelsOf(place: { readonly group?: string | null; readonly endpoint?: string | null }): Labels {
    const endpoint = typeof place.endpoint === 'string' ? this.#endpoints.get(place.endpoint)?.input : undefined;
    const id = place.group ?? endpoint?.group;
    const group = typeof id === 'string' ? this.#groups.get(id)?.input : undefined;
    return { ...group?.labels, ...endpoint?.labels };
  }

  /** Whether the endpoint of a target still leads there. */
  leadsTo(target: SessionTarget): boolean {
    const record = target.endpoint === null ? undefined : this.#endpoints.get(target.endpoint);
    return record !== undefined && isDeepStrictEqual(endpointTarget(record.input), target);
  }

  /** Looks at a host, as its endpoint is probed: true when it answers. Many who ask share a look. */
  answers(target: SessionTarget, scope: Scope): Promise<boolean> {
    return this.#answers.ask(target, scope);
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

  #planGroup(input: EndpointGroupInput): GroupPlan {
    const { id, fallback = [] } = input;
    if (!this.#groups.has(id) && this.#groups.size >= MAX_GROUPS) {
      throw sessionsError('TOO_MANY_GROUPS', { details: { max_groups: MAX_GROUPS } });
    }
    const loop = fallbackLoop(id, fallback, (each) => this.#groups.get(each)?.settings.fallback ?? []);
    if (loop !== undefined) {
      throw sessionsError('GROUP_FALLBACK_LOOP', { details: { group: id, loop: loop.join(', ') } });
    }
    for (const each of fallback) this.group(each);
    return planGroup(input);
  }

  #planEndpoint(input: EndpointInput): EndpointPlan {
    const { probeOf = hostProbe, secrets } = this.#deps;
    if (!this.#endpoints.has(input.id) && this.#endpoints.size >= MAX_ENDPOINTS) {
      throw sessionsError('TOO_MANY_ENDPOINTS', { details: { max_endpoints: MAX_ENDPOINTS } });
    }
    if (typeof input.group === 'string') this.group(input.group);
    const spread = trafficOptions(input);
    resolveEndpoint(spread);
    return {
      input,
      spread,
      probe: probeOf(input.probe ?? {}, input.probe?.timeout_ms ?? PROBE_TIMEOUT_MS, secrets),
      health: resolveHealthOptions(healthOptions(input.probe)),
    };
  }

  /** `pool`: the one that the group has; it goes on under the new plan where it can. */
  #groupRecord(
    { input, settings, script, recycle }: GroupPlan,
    { traffic, turns }: Pick<GroupRecord, 'traffic' | 'turns'>,
    pool: WarmPool | undefined,
  ): GroupRecord {
    const record = { input, settings, script, traffic, turns };
    const { warm, failover } = settings;
    if (warm === undefined || script === undefined) return { ...record, pool: undefined };
    const plan: PoolPlan = {
      group: input.id,
      settings: warm,
      profile: groupProfile(input),
      navigation: script,
      recycle,
      traffic,
      turns,
      // Sessions that lost their host find places free however long a pool takes to fill.
      maxParallel: Math.max(1, Math.floor(failover.maxParallel / 2)),
    };
    return { ...record, pool: pool?.configure(plan) === true ? pool : this.#addPool(plan) };
  }

  #endpointsOf(group: string): string[] {
    return [...this.#endpoints.values()].flatMap(({ input }) => (input.group === group ? [input.id] : [])).sort();
  }

  #ownGroup({ id }: EndpointInput, before: EndpointRecord | undefined): EndpointGroup<SessionTarget> {
    const isOwn = before !== undefined && (before.input.group ?? null) === null;
    return isOwn ? before.traffic : this.#trafficGroup(planGroup({ id }).spread);
  }

  /** Takes an endpoint out of its group, which goes with it where it is its own. */
  #leave({ input, traffic }: EndpointRecord): void {
    traffic.remove(input.id);
    if ((input.group ?? null) === null) traffic.close();
  }

  #addPool(plan: PoolPlan): WarmPool {
    const pool = this.#deps.createPool(plan);
    this.#pools.add(pool);
    return pool;
  }

  #closePool(pool: WarmPool): void {
    void pool.close().then(() => this.#pools.delete(pool));
  }

  #retryPool(group: string | null): void {
    if (group !== null) this.#groups.get(group)?.pool?.retry();
  }

  #trafficGroup(options: EndpointGroupOptions): EndpointGroup<SessionTarget> {
    const { id } = options;
    const { clock, random, events } = this.#deps;
    const group = createEndpointGroup<SessionTarget>(options, {
      clock,
      random,
      createHealth: (endpoint) => this.#watch(endpoint),
      outliers: createOutlierDetector(resolveOutlierOptions(), clock),
      countsAgainst: countsAgainstEndpoint,
    });
    group.on('healthChanged', ({ endpoint, from, to, reason }) => {
      events.publish('endpoint.health_changed', endpoint, { from, to, reason, group: id });
      if (to !== 'unhealthy') this.#retryPool(id);
    });
    return group;
  }

  #watch(endpoint: Endpoint<SessionTarget>): HealthMonitor<SessionTarget> {
    const { clock, random, scope } = this.#deps;
    const { probe, health } = this.#record(endpoint.id);
    const monitor = createHealth(endpoint, probe, health, { clock, random, scope });
    this.#monitors.set(endpoint.id, monitor);
    return monitor;
  }

  #lookOf(target: SessionTarget): Look {
    const { probeOf = hostProbe, secrets } = this.#deps;
    const record = target.endpoint === null ? undefined : this.#endpoints.get(target.endpoint);
    // A slow host that hangs up has answered all the same: it gets the time that its probe has.
    const timeoutMs = record?.input.probe?.timeout_ms ?? PROBE_TIMEOUT_MS;
    // There is one for each kind but `none`.
    const probe = record?.probe ?? (probeOf({ kind: 'tcp' }, timeoutMs, secrets) as Probe<SessionTarget>);
    return { probe, timeoutMs };
  }
}

function turnsOf({ input, settings }: GroupPlan): Bulkhead {
  const limit = settings.failover.maxParallel;
  return createBulkhead({ limit, maxWaiting: MAX_WAITING_MOVES, what: `Moves of group ${input.id}` });
}
