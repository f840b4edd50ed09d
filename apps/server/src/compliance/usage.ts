import type { Clock } from '@roundhouse/core';
import type { Store } from '@roundhouse/store';
import { LruMap } from '../identity/lruMap.ts';
import { KIND } from './memory.ts';

const ID = 'usage';
const MAX_NAMES = 20_000;

/** When principals were last let in, kept over restarts; to the minute or so. */
export class Usage {
  readonly #store: Pick<Store, 'get' | 'commit'>;
  readonly #clock: Clock;
  readonly #lastUse = new LruMap<string, number>(MAX_NAMES);
  #since: number;
  #isLoaded = false;

  constructor(store: Pick<Store, 'get' | 'commit'>, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#since = clock.now();
  }

  /** ms since 1970 from which on every use was seen, apart from those while nothing ran. */
  get since(): number {
    return this.#since;
  }

  note(principal: string): void {
    this.#lastUse.set(principal, this.#clock.now());
  }

  /** ms since 1970; undefined when it was not seen in use. */
  lastUse(principal: string): number | undefined {
    return this.#lastUse.get(principal);
  }

  /** Takes in what was kept before, and keeps what is known of `principals` now. Raises what the store does. */
  async keep(principals: readonly string[]): Promise<void> {
    if (!this.#isLoaded) await this.#load();
    const lastUse = Object.fromEntries(
      principals.flatMap((principal) => {
        const at = this.#lastUse.get(principal);
        return at === undefined ? [] : [[principal, at]];
      }),
    );
    const value = { since: this.#since, last_use: lastUse };
    await this.#store.commit({ writes: [{ op: 'put', kind: KIND, id: ID, value, expect: 'any' }] });
  }

  async #load(): Promise<void> {
    const kept = (await this.#store.get(KIND, ID))?.value;
    const { since, last_use: lastUse } = kept ?? {};
    if (typeof since === 'number') this.#since = Math.min(this.#since, since);
    for (const [principal, at] of Object.entries(lastUse ?? {})) {
      if (typeof at === 'number' && this.#lastUse.get(principal) === undefined) this.#lastUse.set(principal, at);
    }
    this.#isLoaded = true;
  }
}
