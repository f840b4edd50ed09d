import type { Unsubscribe } from '@roundhouse/core';
import { EXCLUSION, type Exclusion, STANDING } from './candidates.ts';
import type { CandidateTable } from './candidateTable.ts';
import type { Endpoint } from './endpoint.ts';
import type { EndpointHealth } from './health/contract.ts';
import type { GroupLease, MoveWish } from './lease.ts';
import { LogonBucket } from './logonBucket.ts';

/** An endpoint in its group: its health, the leases on it, what it has given out, its row among the candidates. */
export class Member<Target> {
  readonly health: EndpointHealth;
  readonly leases = new Set<GroupLease<Target>>();
  row: number;
  /** Monotonic ms; null while it is not drained. */
  drainDeadline: number | null = null;
  /** Leases given out since it joined. */
  total = 0;
  /** Failures reported since it joined. */
  failures = 0;
  /** Why all its leases should move; null where they may stay. */
  standingWish: MoveWish | null = null;
  leaveHealth: Unsubscribe = () => {};
  /** Whether outlier detection keeps it out. */
  isOutlier = false;
  readonly #table: CandidateTable;
  readonly #used = new Map<string, number>();
  #endpoint: Endpoint<Target>;
  #limits: ReadonlyMap<string, number>;
  #bucket: LogonBucket | null;
  #isBlamedByTraffic = false;

  constructor(endpoint: Endpoint<Target>, health: EndpointHealth, table: CandidateTable) {
    this.health = health;
    this.#table = table;
    this.#endpoint = endpoint;
    this.#limits = new Map(Object.entries(endpoint.limits));
    this.#bucket = endpoint.logons && new LogonBucket(endpoint.logons);
    this.row = table.append(endpoint.id);
    this.judge();
    this.write();
  }

  get endpoint(): Endpoint<Target> {
    return this.#endpoint;
  }

  /** Amounts in use by resource, sessions apart. */
  get used(): ReadonlyMap<string, number> {
    return this.#used;
  }

  /** Takes other options for the same target. `now` is monotonic. */
  configure(endpoint: Endpoint<Target>, now: number): void {
    const { logons } = endpoint;
    if (logons === null) this.#bucket = null;
    else if (this.#bucket === null) this.#bucket = new LogonBucket(logons);
    else this.#bucket.configure(logons, now);
    this.#endpoint = endpoint;
    this.#limits = new Map(Object.entries(endpoint.limits));
    this.write();
  }

  /** Looks at a changed status: an endpoint that is unhealthy by what traffic said of it is called ejected. */
  judge(): void {
    this.#isBlamedByTraffic =
      this.health.status === 'unhealthy' && this.health.view().history.at(-1)?.outcome === 'ejected';
  }

  /** Writes its whole row. */
  write(): void {
    const { row } = this;
    const table = this.#table;
    table.priority[row] = this.#endpoint.priority;
    table.limit[row] = this.#limits.get('sessions') ?? Infinity;
    table.active[row] = this.leases.size;
    table.readyAt[row] = this.#bucket?.readyAt ?? -Infinity;
    const { status } = this.health;
    table.standing[row] =
      status === 'healthy' ? STANDING.Healthy : status === 'unknown' ? STANDING.Unknown : STANDING.Degraded;
    table.exclusion[row] = this.#exclusion();
    this.writeMeasures();
  }

  /** Writes what changes as time goes by. */
  writeMeasures(): void {
    this.#table.weight[this.row] = this.#endpoint.weight * this.health.ramp;
    this.#table.responseMs[this.row] = this.health.responseMs;
  }

  /** Why it cannot meet a demand; None where it can. */
  shortage(demand: ReadonlyMap<string, number>): Exclusion {
    let shortage: Exclusion = EXCLUSION.None;
    for (const [resource, amount] of demand) {
      const limit = this.#limits.get(resource) ?? Infinity;
      if (amount > limit) return EXCLUSION.TooSmall;
      if ((this.#used.get(resource) ?? 0) + amount > limit) shortage = EXCLUSION.Full;
    }
    return shortage;
  }

  /** Counts a lease that is given out. `now` is monotonic. */
  add(lease: GroupLease<Target>, now: number): void {
    this.leases.add(lease);
    this.total++;
    for (const [resource, amount] of lease.demand) {
      this.#used.set(resource, (this.#used.get(resource) ?? 0) + amount);
    }
    this.#table.active[this.row] = this.leases.size;
    if (this.#bucket === null) return;
    this.#bucket.take(now);
    this.#table.readyAt[this.row] = this.#bucket.readyAt;
  }

  /** Counts a lease that came back. The row is left to the group: the member may have none any more. */
  delete(lease: GroupLease<Target>): void {
    this.leases.delete(lease);
    for (const [resource, amount] of lease.demand) {
      const left = (this.#used.get(resource) ?? 0) - amount;
      if (left > 0) this.#used.set(resource, left);
      else this.#used.delete(resource);
    }
  }

  /** Tells all its leases what is wanted of them. */
  wantAll(wish: MoveWish | null): void {
    this.standingWish = wish;
    // Listeners may take a new lease here, which is not meant.
    const leases = [...this.leases];
    for (const lease of leases) lease.want(wish);
  }

  #exclusion(): Exclusion {
    if (this.drainDeadline !== null) return EXCLUSION.Draining;
    if (this.isOutlier) return EXCLUSION.Ejected;
    if (this.health.status !== 'unhealthy') return EXCLUSION.None;
    return this.#isBlamedByTraffic ? EXCLUSION.Ejected : EXCLUSION.Unhealthy;
  }
}
