interface Entry<K, V> {
  readonly key: K;
  value: V;
  older: Entry<K, V> | undefined;
  newer: Entry<K, V> | undefined;
}

/**
 * A map of so many entries at most: the one that was not used for longest makes room.
 *
 * Use moves an entry in a list of its own, not in the Map: one whose keys are deleted and set with each request is copied
 * every few calls, and V8 links each copy to the next, so that once one of them is old all are kept until a full
 * collection: those before it then take tens of ms each instead of one.
 */
export class LruMap<K, V> {
  readonly #byKey = new Map<K, Entry<K, V>>();
  readonly #maxEntries: number;
  #oldest: Entry<K, V> | undefined;
  #newest: Entry<K, V> | undefined;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Counts as use. */
  get(key: K): V | undefined {
    const entry = this.#byKey.get(key);
    if (entry === undefined) return undefined;
    this.#use(entry);
    return entry.value;
  }

  set(key: K, value: V): void {
    const present = this.#byKey.get(key);
    if (present !== undefined) {
      present.value = value;
      this.#use(present);
      return;
    }
    const entry = { key, value, older: undefined, newer: undefined };
    this.#byKey.set(key, entry);
    this.#append(entry);
    if (this.#byKey.size > this.#maxEntries && this.#oldest !== undefined) this.delete(this.#oldest.key);
  }

  delete(key: K): boolean {
    const entry = this.#byKey.get(key);
    if (entry === undefined) return false;
    this.#byKey.delete(key);
    this.#takeOut(entry);
    return true;
  }

  /** From the one that was not used for longest; the one that was given last may be deleted meanwhile. */
  *entries(): Generator<[K, V], void> {
    let entry = this.#oldest;
    while (entry !== undefined) {
      const { key, value, newer }: Entry<K, V> = entry;
      yield [key, value];
      entry = newer;
    }
  }

  #use(entry: Entry<K, V>): void {
    if (entry === this.#newest) return;
    this.#takeOut(entry);
    this.#append(entry);
  }

  #append(entry: Entry<K, V>): void {
    entry.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  #takeOut(entry: Entry<K, V>): void {
    const { older, newer } = entry;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    entry.older = undefined;
    entry.newer = undefined;
  }
}
