import type { DeliveryTable, ReplayFilter } from '../backend.ts';
import type { DeliveryCounts, DeliveryFilter, DeliveryQuery } from '../deliveryLog.ts';
import type { AttemptRow, DeliveryRow, NewDeliveryRow, OutcomeRow } from '../rows.ts';
import { byNumber, SortedList } from './sortedList.ts';

export class MemoryDeliveries implements DeliveryTable {
  readonly #now: () => number;
  readonly #cursors = new Map<string, number>();
  /** By id, oldest first. */
  readonly #rows = new Map<number, DeliveryRow>();
  readonly #attempts = new Map<number, AttemptRow[]>();
  /** Ids of pending ones by receiver. */
  readonly #pending = new Map<string, SortedList<number>>();
  #lastId = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  async cursor(receiver: string): Promise<number | undefined> {
    return this.#cursors.get(receiver);
  }

  async enqueue(
    deliveries: readonly NewDeliveryRow[],
    cursors: ReadonlyMap<string, number>,
  ): Promise<readonly DeliveryRow[]> {
    const createdAt = this.#now();
    for (const [receiver, sequence] of cursors) {
      this.#cursors.set(receiver, Math.max(sequence, this.#cursors.get(receiver) ?? 0));
    }
    return deliveries.map((delivery) => {
      const id = ++this.#lastId;
      const row: DeliveryRow = { ...delivery, id, status: 'pending', attempts: 0, createdAt, lastError: null };
      this.#set(row);
      return row;
    });
  }

  async due(receiver: string, now: number, limit: number): Promise<readonly DeliveryRow[]> {
    const due: DeliveryRow[] = [];
    for (const row of this.#pendingOf(receiver)) {
      if (due.length === limit) break;
      if (Number(row.nextAttemptAt) <= now) due.push(row);
    }
    return due;
  }

  async nextDueAt(receiver: string): Promise<number | null> {
    let least = Infinity;
    for (const { nextAttemptAt } of this.#pendingOf(receiver)) least = Math.min(least, nextAttemptAt ?? Infinity);
    return least === Infinity ? null : least;
  }

  async record(outcomes: readonly OutcomeRow[]): Promise<void> {
    for (const { attempt, status, nextAttemptAt } of outcomes) {
      const row = this.#rows.get(attempt.delivery);
      if (row === undefined) continue;
      const made = this.#attempts.get(row.id);
      if (made === undefined) this.#attempts.set(row.id, [attempt]);
      else made.push(attempt);
      this.#set({ ...row, status, nextAttemptAt, attempts: row.attempts + 1, lastError: attempt.error });
    }
  }

  async get(id: number): Promise<DeliveryRow | undefined> {
    return this.#rows.get(id);
  }

  async attempts(id: number): Promise<readonly AttemptRow[]> {
    return [...(this.#attempts.get(id) ?? [])];
  }

  async list({ before = Infinity, limit, ...filter }: DeliveryQuery): Promise<readonly DeliveryRow[]> {
    return [...this.#rows.values()]
      .filter((row) => row.id < before && fits(row, filter))
      .slice(-limit)
      .reverse();
  }

  async counts(receiver: string): Promise<DeliveryCounts> {
    const dead = [...this.#rows.values()].filter((row) => row.receiver === receiver && row.status === 'dead');
    return {
      pending: this.#pending.get(receiver)?.values.length ?? 0,
      dead: dead.length,
      oldestDeadAt: dead.reduce<number | null>((least, row) => Math.min(least ?? Infinity, row.createdAt), null),
    };
  }

  async replay({ id, ...filter }: ReplayFilter, now: number): Promise<number> {
    const rows = [...this.#rows.values()].filter(
      (row) => row.status !== 'pending' && (id === undefined || row.id === id) && fits(row, filter),
    );
    for (const row of rows) {
      this.#set({ ...row, status: 'pending', attempts: 0, nextAttemptAt: now, lastError: null });
    }
    return rows.length;
  }

  async purge(before: number): Promise<number> {
    return this.#forget((row) => row.status !== 'pending' && row.createdAt < before);
  }

  async forget(receiver: string): Promise<void> {
    this.#cursors.delete(receiver);
    this.#forget((row) => row.receiver === receiver);
    this.#pending.delete(receiver);
  }

  #set(row: DeliveryRow): void {
    this.#rows.set(row.id, row);
    let pending = this.#pending.get(row.receiver);
    if (row.status !== 'pending') {
      pending?.remove(row.id);
      return;
    }
    if (pending === undefined) {
      pending = new SortedList(byNumber);
      this.#pending.set(row.receiver, pending);
    }
    pending.add(row.id);
  }

  *#pendingOf(receiver: string): Generator<DeliveryRow> {
    for (const id of this.#pending.get(receiver)?.values ?? []) yield this.#rows.get(id) as DeliveryRow;
  }

  #forget(isForgotten: (row: DeliveryRow) => boolean): number {
    let count = 0;
    for (const row of this.#rows.values()) {
      if (!isForgotten(row)) continue;
      this.#rows.delete(row.id);
      this.#attempts.delete(row.id);
      count++;
    }
    return count;
  }
}

function fits(row: DeliveryRow, { receiver, status, since, until, type }: DeliveryFilter): boolean {
  return (
    (receiver === undefined || row.receiver === receiver) &&
    (status === undefined || row.status === status) &&
    (since === undefined || row.createdAt >= since) &&
    (until === undefined || row.createdAt < until) &&
    (type === undefined || row.type.startsWith(type))
  );
}
