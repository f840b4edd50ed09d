import type { Scope } from '@roundhouse/core';

interface Place {
  readonly need: number;
  readonly admit: () => void;
  before: Place | undefined;
  after: Place | undefined;
}

/** Those who wait, first come first served. Leaving costs the same anywhere in the line, so a storm may end at once. */
export class WaitingLine {
  readonly #onLeave: () => void;
  #first: Place | undefined;
  #last: Place | undefined;
  #size = 0;

  /** `onLeave` hears of each one whose scope ended while it waited, after it has gone. */
  constructor(onLeave: () => void = () => {}) {
    this.#onLeave = onLeave;
  }

  get size(): number {
    return this.#size;
  }

  /** What the first in the line waits for; undefined when nobody waits. */
  get firstNeed(): number | undefined {
    return this.#first?.need;
  }

  /** Resolves when admitted; rejects with the reason of the scope, which has not ended yet, when that ends first. */
  join(scope: Scope, need: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const leaveScope = scope.onEnd((reason) => {
        this.#remove(place);
        reject(reason);
        this.#onLeave();
      });
      const admit = (): void => {
        leaveScope();
        resolve();
      };
      const place: Place = { need, admit, before: this.#last, after: undefined };
      if (this.#last === undefined) this.#first = place;
      else this.#last.after = place;
      this.#last = place;
      this.#size++;
    });
  }

  /** Lets the first one in. */
  admitFirst(): void {
    const first = this.#first;
    if (first === undefined) return;
    this.#remove(first);
    first.admit();
  }

  #remove(place: Place): void {
    if (place.before === undefined) this.#first = place.after;
    else place.before.after = place.after;
    if (place.after === undefined) this.#last = place.before;
    else place.after.before = place.before;
    this.#size--;
  }
}
