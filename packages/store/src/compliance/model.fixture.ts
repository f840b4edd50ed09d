import type { AttemptOutcome, Delivery, DeliveryFilter, NewDelivery } from '../deliveryLog.ts';
import type { LoggedEvent } from '../eventLog.ts';
import type { Change, Lease, StoredResource, Transaction } from '../store.ts';

/** What a call answers: its value, or the code it is refused with. */
export type Answer = { readonly value: unknown } | { readonly refused: string };

/** The contract in its plainest form: arrays, searched from end to end. What the stores are measured against. */
export class StoreModel {
  resources: StoredResource[] = [];
  readonly changes: Change[] = [];
  events: LoggedEvent[] = [];
  lastSequence = 0;
  revision = 0;
  deliveries: Delivery[] = [];
  readonly cursors = new Map<string, number>();
  readonly #leases = new Map<string, Lease>();
  readonly #released = new Set<string>();
  #lastDelivery = 0;

  commit({ writes = [], events = [] }: Transaction, now: number): Answer {
    let resources = [...this.resources];
    const changes: Change[] = [];
    const made: Array<StoredResource | undefined> = [];
    const revision = this.revision + 1;
    for (const write of writes) {
      const found = resources.find(({ kind, id }) => kind === write.kind && id === write.id);
      const holds =
        write.expect === 'any' ||
        (write.expect === 'absent' && found === undefined) ||
        (write.expect === 'present' && found !== undefined) ||
        (found !== undefined && found.version === write.expect);
      if (!holds) return { refused: 'VERSION_CONFLICT' };
      resources = resources.filter((each) => each !== found);
      if (write.op === 'put') {
        const { kind, id, value } = write;
        const resource = { kind, id, version: revision, createdAt: found?.createdAt ?? now, updatedAt: now, value };
        resources.push(resource);
        changes.push({ revision, op: 'put', resource });
        made.push(resource);
      } else {
        if (found !== undefined) changes.push({ revision, op: 'delete', resource: found });
        made.push(undefined);
      }
    }
    if (events.some(({ sequence }, index) => sequence !== this.lastSequence + 1 + index)) {
      return { refused: 'EVENT_SEQUENCE_CONFLICT' };
    }
    this.resources = resources;
    this.changes.push(...changes);
    this.events.push(...events);
    this.lastSequence += events.length;
    if (changes.length > 0) this.revision = revision;
    return { value: { revision: this.revision, resources: made } };
  }

  list(kind: string): StoredResource[] {
    return this.resources
      .filter((each) => each.kind === kind)
      .sort((a, b) => Buffer.from(a.id).compare(Buffer.from(b.id)));
  }

  trim(upTo: number): number {
    const before = this.events.length;
    this.events = this.events.filter(({ sequence }) => sequence > upTo);
    return before - this.events.length;
  }

  acquire(name: string, holder: string, ttlMs: number, now: number): Lease | undefined {
    const held = this.#leases.get(name);
    const isFree = held === undefined || this.#released.has(name) || held.expiresAt <= now;
    const isOwn = held !== undefined && held.holder === holder && !this.#released.has(name);
    if (!isFree && !isOwn) return undefined;
    const token = isOwn ? held.token : (held?.token ?? 0) + 1;
    const lease = { name, holder, token, expiresAt: now + ttlMs };
    this.#leases.set(name, lease);
    this.#released.delete(name);
    return lease;
  }

  release(lease: Lease): void {
    const held = this.#leases.get(lease.name);
    if (held?.holder === lease.holder && held.token === lease.token) this.#released.add(lease.name);
  }

  enqueue(deliveries: readonly NewDelivery[], cursors: Readonly<Record<string, number>>, now: number): Delivery[] {
    for (const [receiver, sequence] of Object.entries(cursors)) {
      this.cursors.set(receiver, Math.max(sequence, this.cursors.get(receiver) ?? 0));
    }
    const made = deliveries.map((each): Delivery => {
      const id = ++this.#lastDelivery;
      return { ...each, id, status: 'pending', attempts: 0, createdAt: now, lastError: null };
    });
    this.deliveries.push(...made);
    return made;
  }

  record(outcomes: readonly AttemptOutcome[]): void {
    for (const { attempt, status, nextAttemptAt } of outcomes) {
      this.deliveries = this.deliveries.map((each) =>
        each.id === attempt.delivery
          ? { ...each, status, nextAttemptAt, attempts: each.attempts + 1, lastError: attempt.error }
          : each,
      );
    }
  }

  due(receiver: string, now: number): Delivery[] {
    return this.find({ receiver, status: 'pending' }).filter((each) => Number(each.nextAttemptAt) <= now);
  }

  replay(filter: DeliveryFilter, now: number): number {
    const ids = this.find(filter).flatMap(({ id, status }) => (status === 'pending' ? [] : [id]));
    this.deliveries = this.deliveries.map((each) =>
      ids.includes(each.id) ? { ...each, status: 'pending', attempts: 0, nextAttemptAt: now, lastError: null } : each,
    );
    return ids.length;
  }

  purge(before: number): number {
    const count = this.deliveries.length;
    this.deliveries = this.deliveries.filter(({ status, createdAt }) => status === 'pending' || createdAt >= before);
    return count - this.deliveries.length;
  }

  forget(receiver: string): void {
    this.cursors.delete(receiver);
    this.deliveries = this.deliveries.filter((each) => each.receiver !== receiver);
  }

  find({ receiver, status, since = 0, until = Infinity, type = '' }: DeliveryFilter): Delivery[] {
    return this.deliveries.filter(
      (each) =>
        (receiver === undefined || each.receiver === receiver) &&
        (status === undefined || each.status === status) &&
        each.createdAt >= since &&
        each.createdAt < until &&
        each.type.startsWith(type),
    );
  }
}
