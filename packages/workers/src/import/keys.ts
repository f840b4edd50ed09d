/** The keys of one part of a file, of which each is taken or told of. */
export class Keys<V> {
  readonly #values: Map<string, V>;

  constructor(entries: Iterable<readonly [string, V]>) {
    this.#values = new Map(entries);
  }

  /** The value of the first of these names that is there, which is taken away. */
  take(...names: readonly string[]): V | undefined {
    for (const name of names) {
      const value = this.#values.get(name);
      if (value === undefined) continue;
      this.#values.delete(name);
      return value;
    }
    return undefined;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** What nobody has taken. */
  left(): [string, V][] {
    return [...this.#values];
  }
}
