import { isDeepStrictEqual } from 'node:util';
import { type Clock, Emitter, type RoundhouseError, type Scope, type Timer, type Unsubscribe } from '@roundhouse/core';
import { EXCLUSION, type Exclusion } from './candidates.ts';
import { CandidateTable } from './candidateTable.ts';
import { type Choice, choose } from './choose.ts';
import { type Decision, Decisions } from './decisions.ts';
import { type Endpoint, type EndpointOptions, resolveEndpoint } from './endpoint.ts';
import { trafficError } from './errors.ts';
import { Failback } from './failback.ts';
import type { DrainOptions, EndpointGroup, EndpointGroupDependencies, GroupEvents } from './groupContract.ts';
import {
  type EndpointGroupOptions,
  type GroupConfiguration,
  type ResolvedGroupOptions,
  resolveGroupOptions,
} from './groupOptions.ts';
import { type EndpointView, type GroupView, viewMember } from './groupView.ts';
import type { EndpointHealth, HealthView, TrafficSignal } from './health/contract.ts';
import type { OutlierDetector } from './health/outlier.ts';
import { GroupLease, type Lease, type MoveWish } from './lease.ts';
import { type LeaseRequest, PRIORITY_CLASSES, type ResolvedLeaseRequest, resolveLeaseRequest } from './leaseRequest.ts';
import { Member } from './member.ts';
import { refusalOf } from './refusal.ts';
import { StickyTable } from './stickyTable.ts';
import { EMPTY_MEMORY, type Random, type StrategyMemory, withoutRow } from './strategy/strategy.ts';
import { type Waiter, WaitQueue } from './waitQueue.ts';

/** Endpoints that a group may have. */
const MAX_ENDPOINTS = 4_096;
/** Slow start and the decay of response times go on without an event: columns are this old at most, ms. */
const MEASURES_MS = 100;

/** Raises GROUP_OPTION_INVALID. */
export function createEndpointGroup<Target>(
  options: EndpointGroupOptions,
  dependencies: EndpointGroupDependencies<Target>,
): EndpointGroup<Target> {
  return new LeasingGroup(resolveGroupOptions(options), dependencies);
}

/** An attempt that gave no lease. */
interface Refusal {
  readonly choice: Choice;
  /** Whether a wait may help. */
  readonly mayWait: boolean;
}

class LeasingGroup<Target> implements EndpointGroup<Target> {
  readonly id: string;
  #options: ResolvedGroupOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #createHealth: (endpoint: Endpoint<Target>) => EndpointHealth;
  readonly #outliers: OutlierDetector | undefined;
  readonly #countsAgainst: (code: string) => boolean;
  readonly #emitter = new Emitter<GroupEvents>();
  readonly #table = new CandidateTable();
  readonly #members = new Map<string, Member<Target>>();
  #sticky: StickyTable | null = null;
  readonly #decisions: Decisions;
  readonly #queue: WaitQueue<ResolvedLeaseRequest, Lease<Target>>;
  readonly #failback: Failback<Target>;
  #memory: StrategyMemory = EMPTY_MEMORY;
  /** Exclusions of one request, written for each that has any. */
  #own = new Uint8Array(0);
  #measuredAt = -Infinity;
  #leases = 0;
  /** Set while someone waits for a logon rate. */
  #wake: Timer | undefined;
  #isClosed = false;

  constructor(options: ResolvedGroupOptions, dependencies: EndpointGroupDependencies<Target>) {
    this.id = options.id;
    this.#options = options;
    this.#clock = dependencies.clock;
    this.#random = dependencies.random;
    this.#createHealth = dependencies.createHealth;
    this.#outliers = dependencies.outliers;
    this.#countsAgainst = dependencies.countsAgainst ?? ((code) => code !== 'CANCELLED');
    this.#outliers?.on('ejected', ({ id }) => this.#setOutlier(id, true));
    this.#outliers?.on('returned', ({ id }) => this.#setOutlier(id, false));
    this.#rememberKeys();
    this.#decisions = new Decisions(options.maxDecisions);
    this.#queue = new WaitQueue(PRIORITY_CLASSES, this.#clock);
    this.#failback = new Failback(options.failback, this.#clock, this.#table, this.#members);
  }

  on<K extends keyof GroupEvents>(name: K, listener: (fact: GroupEvents[K]) => void): Unsubscribe {
    return this.#emitter.on(name, listener);
  }

  configure(options: GroupConfiguration): void {
    this.#throwIfClosed();
    const before = this.#options;
    const { id, maxDecisions } = before;
    const after = resolveGroupOptions({ ...options, id, maxDecisions });
    this.#options = after;
    this.#rememberKeys();
    // What one strategy remembers means nothing to another.
    if (after.policy.strategy !== before.policy.strategy) this.#memory = EMPTY_MEMORY;
    if (!isDeepStrictEqual(after.failback, before.failback)) this.#failback.configure(after.failback);
    this.#changed();
  }

  set(options: EndpointOptions<Target>): void {
    this.#throwIfClosed();
    const endpoint = resolveEndpoint(options);
    const member = this.#members.get(endpoint.id);
    if (member !== undefined && isDeepStrictEqual(member.endpoint.target, endpoint.target)) {
      if (member.endpoint.priority !== endpoint.priority) this.#failback.rankChanged();
      member.configure(endpoint, this.#clock.monotonic());
    } else {
      if (member === undefined && this.#members.size >= MAX_ENDPOINTS) {
        throw trafficError('ENDPOINT_LIMIT_REACHED', { details: { group: this.id, endpoints: this.#members.size } });
      }
      const health = this.#createHealth(endpoint);
      if (member !== undefined) this.#dismiss(member);
      this.#join(new Member(endpoint, health, this.#table));
    }
    this.#changed();
  }

  remove(id: string): void {
    this.#dismiss(this.#member(id));
    this.#changed();
  }

  drain(id: string, { deadlineMs = Infinity }: DrainOptions = {}): void {
    const member = this.#member(id);
    if (!(deadlineMs >= 0)) {
      const details = { endpoint: id, option: 'deadline_ms', expected: 'a number from 0' };
      throw trafficError('ENDPOINT_OPTION_INVALID', { details });
    }
    const isEmpty = member.leases.size === 0;
    member.drainDeadline = this.#clock.monotonic() + deadlineMs;
    member.write();
    this.#tell(member);
    this.#changed();
    if (isEmpty) this.#emitter.emit('drained', { endpoint: id });
  }

  undrain(id: string): void {
    const member = this.#member(id);
    member.drainDeadline = null;
    member.write();
    this.#tell(member);
    this.#changed();
  }

  async acquire(options: LeaseRequest, scope: Scope): Promise<Lease<Target>> {
    scope.throwIfEnded();
    this.#throwIfClosed();
    const request = resolveLeaseRequest(this.id, options);
    // Time may have made room for those who came before.
    if (this.#queue.size > 0) this.#serve();
    const outcome = this.#attempt(request);
    if (outcome instanceof GroupLease) return outcome;
    const { max, timeoutMs } = this.#options.queue;
    if (!outcome.mayWait || max === 0) throw this.#refusal(outcome.choice);
    if (this.#queue.size >= max) throw this.#refusal(outcome.choice, this.#queue.size);
    const turn = this.#queue.wait(request, scope, timeoutMs, (waiter) => this.#serveOne(waiter, true));
    this.#planWake();
    try {
      return await turn;
    } finally {
      if (this.#queue.size === 0) this.#planWake();
    }
  }

  explain(decision: number): Decision | undefined {
    return this.#decisions.explain(decision);
  }

  view(): GroupView {
    return {
      id: this.id,
      strategy: this.#options.policy.strategy,
      waiting: this.#queue.size,
      leases: this.#leases,
      endpoints: [...this.#members.values()].map((member) => this.#show(member)),
    };
  }

  viewOf(id: string): EndpointView | undefined {
    const member = this.#members.get(id);
    return member && this.#show(member);
  }

  health(id: string): HealthView {
    return this.#member(id).health.view();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#failback.stop();
    this.#wake?.cancel();
    this.#outliers?.stop();
    for (const member of this.#members.values()) {
      member.leaveHealth();
      member.health.stop();
    }
    for (const waiter of this.#queue) waiter.refuse(trafficError('GROUP_CLOSED', { details: { group: this.id } }));
    this.#emitter.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Keeps what keys it knows, in the bounds of now. */
  #rememberKeys(): void {
    const { mode, maxKeys, timeoutMs } = this.#options.affinity;
    if (mode !== 'sticky') this.#sticky = null;
    else if (this.#sticky === null) this.#sticky = new StickyTable(maxKeys, timeoutMs);
    else this.#sticky.configure(maxKeys, timeoutMs);
  }

  #throwIfClosed(): void {
    if (this.#isClosed) throw trafficError('GROUP_CLOSED', { details: { group: this.id } });
  }

  #member(id: string): Member<Target> {
    const member = this.#members.get(id);
    if (member === undefined) throw this.#unknown(id);
    return member;
  }

  #unknown(endpoint: string): RoundhouseError {
    return trafficError('ENDPOINT_UNKNOWN', { details: { group: this.id, endpoint } });
  }

  #join(member: Member<Target>): void {
    const { id } = member.endpoint;
    this.#members.set(id, member);
    member.leaveHealth = member.health.on('changed', (change) => {
      member.judge();
      member.write();
      this.#tell(member);
      this.#changed();
      this.#emitter.emit('healthChanged', { endpoint: id, ...change });
    });
    this.#outliers?.add(id);
    member.health.start();
  }

  #setOutlier(id: string, isOutlier: boolean): void {
    const member = this.#members.get(id);
    if (member === undefined) return;
    member.isOutlier = isOutlier;
    member.write();
    this.#changed();
  }

  /** Takes a member out of the group; its leases remember it until they come back. */
  #dismiss(member: Member<Target>): void {
    const { row } = member;
    member.leaveHealth();
    member.health.stop();
    this.#members.delete(member.endpoint.id);
    this.#outliers?.remove(member.endpoint.id);
    this.#table.removeRow(row);
    this.#memory = withoutRow(this.#memory, row);
    for (const other of this.#members.values()) if (other.row > row) other.row--;
    this.#tell(member);
  }

  #isMember(member: Member<Target>): boolean {
    return this.#members.get(member.endpoint.id) === member;
  }

  /** Tells the leases of a member what is wanted of them now. */
  #tell(member: Member<Target>): void {
    const wish = this.#wishOf(member);
    if (wish === null && member.standingWish === null) return;
    for (const lease of member.leases) this.#failback.forget(lease);
    member.wantAll(wish);
  }

  #wishOf(member: Member<Target>): MoveWish | null {
    const now = this.#clock.monotonic();
    if (!this.#isMember(member)) return { reason: 'removed', deadline: now };
    if (member.health.status === 'unhealthy') {
      const { standingWish } = member;
      return standingWish?.reason === 'unhealthy' ? standingWish : { reason: 'unhealthy', deadline: now };
    }
    return member.drainDeadline === null ? null : { reason: 'draining', deadline: member.drainDeadline };
  }

  #show(member: Member<Target>): EndpointView {
    return viewMember(member, this.#table.exclusion[member.row] as Exclusion);
  }

  /** Room, health or rank of an endpoint may be other than before. */
  #changed(): void {
    if (this.#isClosed) return;
    if (this.#queue.size > 0) this.#serve();
    this.#failback.review();
  }

  /** Gives those who wait what there is, in order; one who wants something particular holds up nobody behind. */
  #serve(): void {
    let isPlainBlocked = false;
    for (const waiter of this.#queue) {
      if (isPlainBlocked && waiter.request.isPlain) continue;
      isPlainBlocked = (!this.#serveOne(waiter) && waiter.request.isPlain) || isPlainBlocked;
    }
    this.#planWake();
  }

  /** Admits or refuses a waiter; false where it goes on waiting, unless this is its last chance. */
  #serveOne(waiter: Waiter<ResolvedLeaseRequest, Lease<Target>>, isLast = false): boolean {
    try {
      const outcome = this.#attempt(waiter.request);
      if (outcome instanceof GroupLease) waiter.admit(outcome);
      else if (outcome.mayWait && !isLast) return false;
      else waiter.refuse(this.#refusal(outcome.choice));
    } catch (error) {
      waiter.refuse(error);
    }
    return true;
  }

  /** Has those who wait served when the first logon rate allows one more. */
  #planWake(): void {
    this.#wake?.cancel();
    this.#wake = undefined;
    if (this.#queue.size === 0) return;
    const now = this.#clock.monotonic();
    const { size, exclusion, readyAt } = this.#table;
    let next = Infinity;
    for (let row = 0; row < size; row++) {
      const ready = readyAt[row] as number;
      if (exclusion[row] === EXCLUSION.None && ready > now && ready < next) next = ready;
    }
    // Whole ms: a timer drops fractions and would fire too early.
    if (next < Infinity) this.#wake = this.#clock.setTimer(Math.ceil(next - now), () => this.#serve());
  }

  /** Chooses, and takes what was chosen. Raises ENDPOINT_UNKNOWN. */
  #attempt(request: ResolvedLeaseRequest): GroupLease<Target> | Refusal {
    const now = this.#clock.monotonic();
    const choice = this.#choose(request, now);
    if (choice.index >= 0) return this.#grant(choice, request, now);
    const { reason } = choice;
    return { choice, mayWait: reason === 'full' || (reason === 'panic' && this.#options.policy.panic !== 'refuse') };
  }

  #choose(request: ResolvedLeaseRequest, now: number): Choice {
    const { policy, affinity } = this.#options;
    const table = this.#table;
    const named = request.endpoint === null ? -1 : this.#member(request.endpoint).row;
    if (now - this.#measuredAt >= MEASURES_MS) {
      for (const member of this.#members.values()) member.writeMeasures();
      this.#measuredAt = now;
    }
    const last = request.key === null ? undefined : this.#sticky?.get(request.key, now);
    const sticky = last === undefined ? -1 : (this.#members.get(last)?.row ?? -1);
    const keyHash = affinity.mode === 'none' ? null : request.keyHash;
    const exclusions = this.#exclusionsOf(request);
    const buffers = this.#decisions.buffers(table.hash.length);
    return choose(table, { now, named, sticky, keyHash, exclusions }, policy, this.#memory, this.#random, buffers);
  }

  #exclusionsOf(request: ResolvedLeaseRequest): Uint8Array | null {
    const { avoid, demand } = request;
    if (avoid.size === 0 && demand.size === 0) return null;
    if (this.#own.length < this.#table.size) this.#own = new Uint8Array(this.#table.hash.length);
    for (const [id, member] of this.#members) {
      this.#own[member.row] = avoid.has(id) ? EXCLUSION.Avoided : member.shortage(demand);
    }
    return this.#own;
  }

  #grant(choice: Choice, request: ResolvedLeaseRequest, now: number): GroupLease<Target> {
    const id = this.#table.ids[choice.index] as string;
    const member = this.#members.get(id) as Member<Target>;
    const decision = this.#decisions.keep(choice, this.#table.ids, this.#clock.now());
    const lease = new GroupLease<Target>(member.endpoint, decision, request.demand, {
      reported: (signal) => this.#reported(signal, member),
      released: (released) => this.#released(released, member),
    });
    this.#memory = choice.memory;
    member.add(lease, now);
    this.#leases++;
    if (request.key !== null) this.#sticky?.set(request.key, id, now);
    this.#failback.review();
    return lease;
  }

  #reported(signal: TrafficSignal, member: Member<Target>): void {
    const isFailure = signal.kind === 'failure';
    if (isFailure) member.failures++;
    member.health.report(signal);
    if (!this.#isMember(member)) return;
    member.writeMeasures();
    if (!isFailure || this.#countsAgainst(signal.code)) this.#outliers?.record(member.endpoint.id, !isFailure);
  }

  #released(lease: GroupLease<Target>, member: Member<Target>): void {
    member.delete(lease);
    this.#leases--;
    this.#failback.forget(lease);
    if (!this.#isMember(member)) return;
    member.write();
    const isDrained = member.drainDeadline !== null && member.leases.size === 0;
    this.#changed();
    if (isDrained) this.#emitter.emit('drained', { endpoint: member.endpoint.id });
  }

  /** The error of a choice that found none; the decision is kept, so that it can be explained. */
  #refusal(choice: Choice, queueLength?: number): RoundhouseError {
    const { ids } = this.#table;
    const decision = this.#decisions.keep(choice, ids, this.#clock.now());
    return refusalOf(choice, ids, { group: this.id, decision, queueLength });
  }
}
