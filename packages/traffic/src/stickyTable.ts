interface Entry {
  readonly endpointId: string;
  /** Monotonic ms. */
  readonly usedAt: number;
}

/** Where a key was served last. Bounded: the key that was not used for longest goes first. */
export class StickyTable {
  #maxKeys: number;
  #timeoutMs: number;
  /** In order of use. */
  readonly #entries = new Map<string, Entry>();

  /** A key that is not used for `timeoutMs` is forgotten. */
  constructor(maxKeys: number, timeoutMs: number) {
    this.#maxKeys = maxKeys;
    this.#timeoutMs = timeoutMs;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Takes other bounds for the keys that it has, too. */
  configure(maxKeys: number, timeoutMs: number): void {
    this.#maxKeys = maxKeys;
    this.#timeoutMs = timeoutMs;
    this.#forgetOldest();
  }

  /** `now` is monotonic. */
  get(key: string, now: number): string | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (now - entry.usedAt < this.#timeoutMs) return entry.endpointId;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, endpointId: string, now: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { endpointId, usedAt: now });
    this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxKeys) return;
      this.#entries.delete(key);
    }
  }
}
