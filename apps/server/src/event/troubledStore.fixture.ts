import { type Store, storeError } from '@roundhouse/store';

type Call = 'append' | 'commit' | 'enqueue' | 'record';

export interface TroubledStore extends Store {
  /** Calls that fail as long as they are in it: before they do anything, or after, so that the answer is lost. */
  readonly trouble: Map<Call, 'before' | 'after'>;
  /** Calls that reached the store, failed ones included. */
  readonly calls: Call[];
  /** What calls wait for: before they do anything, or before they give their answer. */
  readonly gates: Map<'enqueue' | 'due' | 'answer of due', Promise<void>>;
}

/** A store that fails and dawdles on demand. */
export function createTroubledStore(store: Store): TroubledStore {
  const trouble: TroubledStore['trouble'] = new Map();
  const calls: Call[] = [];
  const gates: TroubledStore['gates'] = new Map();
  const through = async <T>(call: Call, operation: () => Promise<T>): Promise<T> => {
    calls.push(call);
    const unavailable = storeError('STORE_UNAVAILABLE', { details: { reason: 'a test says so' } });
    if (trouble.get(call) === 'before') throw unavailable;
    const result = await operation();
    if (trouble.get(call) === 'after') throw unavailable;
    return result;
  };
  const events: Store['events'] = {
    append: (batch) => through('append', () => store.events.append(batch)),
    read: (query) => store.events.read(query),
    range: () => store.events.range(),
    trim: (upTo) => store.events.trim(upTo),
  };
  const log = store.deliveries;
  const deliveries: Store['deliveries'] = {
    cursor: (receiver) => log.cursor(receiver),
    enqueue: (batch, cursors) =>
      through('enqueue', async () => {
        await gates.get('enqueue');
        return await log.enqueue(batch, cursors);
      }),
    due: async (receiver, now, limit) => {
      await gates.get('due');
      const found = await log.due(receiver, now, limit);
      await gates.get('answer of due');
      return found;
    },
    nextDueAt: (receiver) => log.nextDueAt(receiver),
    record: (outcomes) => through('record', () => log.record(outcomes)),
    get: (id) => log.get(id),
    attempts: (id) => log.attempts(id),
    list: (query) => log.list(query),
    counts: (receiver) => log.counts(receiver),
    replay: (filter, now) => log.replay(filter, now),
    purge: (before) => log.purge(before),
    forget: (receiver) => log.forget(receiver),
  };
  return {
    isDurable: store.isDurable,
    trouble,
    calls,
    gates,
    events,
    deliveries,
    mailbox: store.mailbox,
    get: (kind, id) => store.get(kind, id),
    list: (kind, options) => store.list(kind, options),
    commit: (transaction) => through('commit', () => store.commit(transaction)),
    watch: (options, scope) => store.watch(options, scope),
    revision: () => store.revision(),
    compact: (revision) => store.compact(revision),
    acquire: (name, holder, ttlMs) => store.acquire(name, holder, ttlMs),
    release: (lease) => store.release(lease),
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store.close(),
  };
}
