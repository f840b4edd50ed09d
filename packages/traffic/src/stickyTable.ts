interface Entry {
  readonly endpointId: string;
  readonly expiresAt: number;
}

/** Where a key was served last. Bounded: the key that was not used for longest goes first. */
export class StickyTable {
  readonly #maxKeys: number;
  readonly #timeoutMs: number;
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

  /** `now` is monotonic. */
  get(key: string, now: number): string | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAt > now) return entry.endpointId;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, endpointId: string, now: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { endpointId, expiresAt: now + this.#timeoutMs });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#maxKeys && oldest !== undefined) this.#entries.delete(oldest);
  }
}
