import type { JournalEvent } from './record.ts';

/** The last events, at least `limit` of them once there were so many; sequences without a gap. */
export class RecentEvents {
  readonly #limit: number;
  readonly #events: JournalEvent[] = [];
  /** Sequence of the last one. */
  #last: number;

  constructor(limit: number, last: number) {
    this.#limit = limit;
    this.#last = last;
  }

  get last(): number {
    return this.#last;
  }

  /** Sequence of the oldest; `last + 1` when there is none. */
  get first(): number {
    return this.#last - this.#events.length + 1;
  }

  add(event: JournalEvent): void {
    this.#events.push(event);
    this.#last++;
    // Half at a time, so that dropping the oldest costs nothing worth naming.
    if (this.#events.length >= 2 * this.#limit) this.#events.splice(0, this.#limit);
  }

  /** Those behind a sequence, which must not lie before `first - 1`. */
  behind(sequence: number, limit = Infinity): readonly JournalEvent[] {
    const from = sequence + 1 - this.first;
    return this.#events.slice(from, from + limit);
  }

  /** Forgets up to a sequence. */
  trim(upTo: number): void {
    if (upTo >= this.first) this.#events.splice(0, upTo + 1 - this.first);
  }

  /** Goes on behind another sequence, with nothing kept. */
  restart(last: number): void {
    this.#events.length = 0;
    this.#last = last;
  }
}
