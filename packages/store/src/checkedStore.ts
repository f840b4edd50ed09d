import { type Clock, createScope, type Scope } from '@roundhouse/core';
import type { Backend } from './backend.ts';
import * as check from './check.ts';
import { checkedDeliveries } from './checkedDeliveries.ts';
import { checkedMailbox } from './checkedMailbox.ts';
import type { DeliveryLog } from './deliveryLog.ts';
import { storeError } from './errors.ts';
import type { EventLog, LoggedEvent } from './eventLog.ts';
import { Gate } from './gate.ts';
import type { Mailbox } from './mailbox.ts';
import { type EventRow, toEvent, toResource, type WriteRow } from './rows.ts';
import type {
  Change,
  Committed,
  Lease,
  ListOptions,
  ResourcePage,
  Store,
  StoredResource,
  Transaction,
  WatchOptions,
  Write,
} from './store.ts';
import { watchChanges } from './watch.ts';

const MAX_PAGE = 1_000;
const DEFAULT_PAGE = 100;
/** Writes, and likewise events, of one transaction. */
const MAX_BATCH = 10_000;
/** One day. */
const MAX_LEASE_MS = 86_400_000;

/** The store that callers see, over any back end: arguments are checked here, once for all of them. */
export class CheckedStore implements Store {
  readonly events: EventLog;
  readonly deliveries: DeliveryLog;
  readonly mailbox: Mailbox;
  readonly #backend: Backend;
  readonly #gate = new Gate();
  /** Of all watches. */
  readonly #scope: Scope;
  #closing: Promise<void> | undefined;

  constructor(backend: Backend, clock: Clock) {
    this.#backend = backend;
    this.#scope = createScope({ clock });
    this.events = checkedEvents(backend, this.#gate);
    this.deliveries = checkedDeliveries(backend.deliveries, this.#gate);
    this.mailbox = checkedMailbox(backend.mailbox, this.#gate);
  }

  get isDurable(): boolean {
    return this.#backend.isDurable;
  }

  get(kind: string, id: string): Promise<StoredResource | undefined> {
    return this.#gate.enter(async () => {
      const row = await this.#backend.get(check.text('kind', kind), check.text('id', id));
      return row === undefined ? undefined : toResource(row);
    });
  }

  list(kind: string, { after, limit = DEFAULT_PAGE }: ListOptions = {}): Promise<ResourcePage> {
    return this.#gate.enter(async () => {
      check.text('kind', kind);
      check.whole('limit', limit, 1, MAX_PAGE);
      if (after !== undefined) check.text('after', after, 0);
      // One more than asked for tells whether there is a next page.
      const { rows, revision } = await this.#backend.list(kind, after, limit + 1);
      const items = rows.slice(0, limit).map(toResource);
      return { items, next: rows.length > limit ? (items.at(-1)?.id ?? null) : null, revision };
    });
  }

  commit({ writes = [], events = [] }: Transaction): Promise<Committed> {
    return this.#gate.enter(async () => {
      const rows = {
        writes: check.list('writes', writes, MAX_BATCH).map(writeRow),
        events: eventRows(events),
      };
      const committed = await this.#backend.commit(rows);
      return {
        revision: committed.revision,
        resources: committed.rows.map((row) => (row === undefined ? undefined : toResource(row))),
      };
    });
  }

  async *watch({ after, kinds }: WatchOptions, scope: Scope): AsyncGenerator<Change, void, undefined> {
    this.#gate.check();
    check.whole('after', after, 0);
    using own = this.#scope.child();
    const leave = scope.onEnd((reason) => own.end(reason));
    try {
      yield* watchChanges(this.#backend, kinds === undefined ? { after } : { after, kinds: [...kinds] }, own);
    } finally {
      leave();
    }
  }

  revision(): Promise<number> {
    return this.#gate.enter(() => this.#backend.revision());
  }

  compact(revision: number): Promise<void> {
    return this.#gate.enter(() => this.#backend.compact(check.whole('revision', revision, 0)));
  }

  acquire(name: string, holder: string, ttlMs: number): Promise<Lease | undefined> {
    return this.#gate.enter(() => {
      check.text('name', name);
      check.text('holder', holder);
      return this.#backend.acquire(name, holder, check.whole('ttlMs', ttlMs, 1, MAX_LEASE_MS));
    });
  }

  release(lease: Lease): Promise<void> {
    return this.#gate.enter(() => {
      check.text('name', lease.name);
      check.text('holder', lease.holder);
      check.whole('token', lease.token, 1);
      return this.#backend.release(lease);
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#gate.shut();
    this.#scope.end(storeError('STORE_CLOSED'));
    await this.#backend.close();
  }
}

function checkedEvents(backend: Backend, gate: Gate): EventLog {
  const { events: table } = backend;
  return {
    append: (events) =>
      gate.enter(async () => {
        await backend.commit({ writes: [], events: eventRows(events) });
      }),
    read: ({ after, limit }) =>
      gate.enter(async () => {
        check.whole('after', after, 0);
        return (await table.read(after, check.whole('limit', limit, 1, MAX_PAGE))).map(toEvent);
      }),
    range: () => gate.enter(() => table.range()),
    trim: (upTo) => gate.enter(() => table.trim(check.whole('upTo', upTo, 0))),
  };
}

function writeRow(write: Write): WriteRow {
  const { op, kind, id, expect } = write;
  check.oneOf('op', op, ['put', 'delete']);
  check.text('kind', kind);
  check.text('id', id);
  if (typeof expect === 'number') check.whole('expect', expect, 0);
  else check.oneOf('expect', expect, ['any', 'absent', 'present']);
  if (write.op === 'delete') return { op: 'delete', kind, id, expect };
  return { op: 'put', kind, id, expect, json: check.json('value', write.value) };
}

function eventRows(events: readonly LoggedEvent[]): EventRow[] {
  return check.list('events', events, MAX_BATCH).map(({ sequence, at, type, subject, body }) => ({
    sequence: check.whole('sequence', sequence, 1),
    at: check.milliseconds('at', at),
    type: check.text('type', type),
    subject: check.text('subject', subject, 0),
    json: check.json('body', body),
  }));
}
