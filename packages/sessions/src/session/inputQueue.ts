import type { Scope } from '@roundhouse/core';

/** Lets one input at a time through, in order of arrival; the number that waits is bounded. */
export class InputQueue {
  readonly #maxWaiting: number;
  readonly #waiting: Array<() => void> = [];
  #busy = false;

  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting;
  }

  /** Whether an input is being done. */
  get isBusy(): boolean {
    return this.#busy;
  }

  /** Whether one more would be refused a place. */
  get isFull(): boolean {
    return this.#busy && this.#waiting.length >= this.#maxWaiting;
  }

  /** Resolves when the turn has come, with the function that ends it; rejects with the reason of the scope. */
  enter(scope: Scope): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        this.#busy = true;
        leaveScope();
        resolve(() => this.#next());
      };
      const leaveScope = scope.onEnd((reason) => {
        const place = this.#waiting.indexOf(begin);
        if (place >= 0) this.#waiting.splice(place, 1);
        reject(reason);
      });
      if (scope.signal.aborted) return;
      if (this.#busy) this.#waiting.push(begin);
      else begin();
    });
  }

  #next(): void {
    this.#busy = false;
    this.#waiting.shift()?.();
  }
}
