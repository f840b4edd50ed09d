import { type Clock, Emitter, type Unsubscribe } from '@roundhouse/core';
import type {
  Backend,
  ChangePage,
  ChangePlace,
  CommittedRows,
  DeliveryTable,
  EventTable,
  MailTable,
  RowPage,
} from '../backend.ts';
import { evaluate, resourceKey } from '../evaluate.ts';
import type { EventRange } from '../eventLog.ts';
import { grant, type LeaseRow } from '../lease.ts';
import type { ChangeRow, EventRow, ResourceRow, TransactionRows } from '../rows.ts';
import type { Lease } from '../store.ts';
import { MemoryDeliveries } from './memoryDeliveries.ts';
import { MemoryMailbox } from './memoryMailbox.ts';
import { byCodePoint, SortedList } from './sortedList.ts';

/** Everything in this process, and gone with it. */
export class MemoryBackend implements Backend {
  readonly isDurable = false;
  readonly events: EventTable;
  readonly deliveries: DeliveryTable;
  readonly mailbox: MailTable;
  readonly #clock: Clock;
  readonly #emitter = new Emitter<{ advanced: undefined }>();
  readonly #rows = new Map<string, ResourceRow>();
  readonly #ids = new Map<string, SortedList<string>>();
  readonly #leases = new Map<string, LeaseRow>();
  readonly #eventLog = new MemoryEvents();
  #changes: ChangeRow[] = [];
  #revision = 0;
  #compacted = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.events = this.#eventLog;
    this.deliveries = new MemoryDeliveries(() => clock.now());
    this.mailbox = new MemoryMailbox(() => clock.now());
  }

  async get(kind: string, id: string): Promise<ResourceRow | undefined> {
    return this.#rows.get(resourceKey(kind, id));
  }

  async list(kind: string, after: string | undefined, limit: number): Promise<RowPage> {
    const ids = this.#ids.get(kind)?.behind(after ?? '', limit) ?? [];
    return {
      rows: ids.map((id) => this.#rows.get(resourceKey(kind, id)) as ResourceRow),
      revision: this.#revision,
    };
  }

  async commit(transaction: TransactionRows): Promise<CommittedRows> {
    const effects = evaluate(transaction, {
      revision: this.#revision,
      lastSequence: this.#eventLog.last,
      now: this.#clock.now(),
      find: (kind, id) => this.#rows.get(resourceKey(kind, id)),
    });
    for (const change of effects.changes) {
      this.#apply(change);
      this.#changes.push(change);
    }
    this.#eventLog.append(transaction.events);
    if (effects.revision > this.#revision) {
      this.#revision = effects.revision;
      this.#emitter.emit('advanced', undefined);
    }
    return effects;
  }

  async changes({ revision, ordinal }: ChangePlace, limit: number): Promise<ChangePage> {
    const start = firstIndex(
      this.#changes,
      (change) => change.revision > revision || (change.revision === revision && change.ordinal > ordinal),
    );
    return {
      changes: this.#changes.slice(start, start + limit),
      revision: this.#revision,
      compacted: this.#compacted,
    };
  }

  onAdvance(callback: () => void): Unsubscribe {
    return this.#emitter.on('advanced', callback);
  }

  async revision(): Promise<number> {
    return this.#revision;
  }

  async compact(revision: number): Promise<void> {
    this.#compacted = Math.max(this.#compacted, Math.min(revision, this.#revision));
    this.#changes = this.#changes.slice(firstIndex(this.#changes, (change) => change.revision > this.#compacted));
  }

  async acquire(name: string, holder: string, ttlMs: number): Promise<Lease | undefined> {
    const lease = grant(this.#leases.get(name), { name, holder, ttlMs, now: this.#clock.now() });
    if (lease !== undefined) this.#leases.set(name, lease);
    return lease;
  }

  async release({ name, holder, token }: Lease): Promise<void> {
    const held = this.#leases.get(name);
    if (held?.holder === holder && held.token === token) this.#leases.set(name, { ...held, holder: null });
  }

  async close(): Promise<void> {
    this.#emitter.clear();
  }

  #apply({ op, resource }: ChangeRow): void {
    const { kind, id } = resource;
    let ids = this.#ids.get(kind);
    if (op === 'delete') {
      this.#rows.delete(resourceKey(kind, id));
      ids?.remove(id);
      return;
    }
    if (ids === undefined) {
      ids = new SortedList(byCodePoint);
      this.#ids.set(kind, ids);
    }
    ids.add(id);
    this.#rows.set(resourceKey(kind, id), resource);
  }
}

class MemoryEvents implements EventTable {
  #kept: EventRow[] = [];
  #last = 0;

  get last(): number {
    return this.#last;
  }

  append(events: readonly EventRow[]): void {
    this.#kept.push(...events);
    this.#last += events.length;
  }

  async read(after: number, limit: number): Promise<readonly EventRow[]> {
    const start = Math.max(after + 1 - this.#first, 0);
    return this.#kept.slice(start, start + limit);
  }

  async range(): Promise<EventRange> {
    return { first: this.#first, last: this.#last };
  }

  async trim(upTo: number): Promise<number> {
    const count = Math.min(Math.max(upTo + 1 - this.#first, 0), this.#kept.length);
    this.#kept = this.#kept.slice(count);
    return count;
  }

  get #first(): number {
    return this.#last - this.#kept.length + 1;
  }
}

/** Index of the first value for which the test holds, in a list in which it holds from somewhere to the end. */
function firstIndex<T>(values: readonly T[], holds: (value: T) => boolean): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(values[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
