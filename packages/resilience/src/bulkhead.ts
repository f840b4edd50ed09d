import type { Scope } from '@roundhouse/core';
import { resilienceError } from './errors.ts';
import { inRange } from './range.ts';
import { WaitingLine } from './waitingLine.ts';

export interface BulkheadOptions {
  /** How many may be inside at a time, 1 … 1,000,000. */
  readonly limit: number;
  /** How many may wait for a place, 0 … 1,000,000. Default 0: no waiting. */
  readonly maxWaiting?: number;
  /** Names what is bounded in an error, e.g. `Migrations of group prod`. */
  readonly what: string;
}

/** A place inside; `using` gives it back at the end of the block. */
export interface BulkheadPlace extends Disposable {
  /** Gives the place to the next in the line. Idempotent. */
  leave(): void;
}

/** Lets so many in at a time, so that one slow part can not take all there is; the others wait in order of arrival. */
export interface Bulkhead {
  readonly inside: number;
  readonly waiting: number;
  /** A place, or undefined when none is free. */
  tryEnter(): BulkheadPlace | undefined;
  /** Waits for a place. Rejects with BULKHEAD_FULL, or the reason of the scope. */
  enter(scope: Scope): Promise<BulkheadPlace>;
  /** Takes another limit. A smaller one sends nobody out: who comes waits until enough have gone. Raises POLICY_INVALID. */
  resize(limit: number): void;
  /** Settles as the operation does, which holds a place meanwhile; otherwise rejects as `enter` does. */
  run<T>(operation: () => Promise<T>, scope: Scope): Promise<T>;
}

/** Raises POLICY_INVALID. */
export function createBulkhead(options: BulkheadOptions): Bulkhead {
  return new CountedBulkhead(options);
}

class CountedBulkhead implements Bulkhead {
  #limit: number;
  readonly #maxWaiting: number;
  readonly #what: string;
  readonly #line = new WaitingLine();
  #inside = 0;

  constructor({ limit, maxWaiting = 0, what }: BulkheadOptions) {
    this.#limit = checkLimit(limit);
    this.#maxWaiting = inRange('bulkhead', 'maxWaiting', maxWaiting, { from: 0, to: 1_000_000, whole: true });
    this.#what = what;
  }

  get inside(): number {
    return this.#inside;
  }

  get waiting(): number {
    return this.#line.size;
  }

  tryEnter(): BulkheadPlace | undefined {
    if (this.#inside >= this.#limit) return undefined;
    this.#inside++;
    return this.#place();
  }

  async enter(scope: Scope): Promise<BulkheadPlace> {
    scope.throwIfEnded();
    const free = this.tryEnter();
    if (free !== undefined) return free;
    const waiting = this.#line.size;
    if (waiting >= this.#maxWaiting) {
      throw resilienceError('BULKHEAD_FULL', { details: { what: this.#what, limit: this.#limit, waiting } });
    }
    await this.#line.join(scope, 1);
    return this.#place();
  }

  resize(limit: number): void {
    this.#limit = checkLimit(limit);
    while (this.#inside < this.#limit && this.#line.size > 0) {
      this.#inside++;
      this.#line.admitFirst();
    }
  }

  async run<T>(operation: () => Promise<T>, scope: Scope): Promise<T> {
    using _place = await this.enter(scope);
    return await operation();
  }

  #place(): BulkheadPlace {
    let isInside = true;
    const leave = (): void => {
      if (!isInside) return;
      isInside = false;
      // The place passes on without becoming free, so that nobody slips in before the one whose turn it is.
      if (this.#line.size > 0 && this.#inside <= this.#limit) this.#line.admitFirst();
      else this.#inside--;
    };
    return { leave, [Symbol.dispose]: leave };
  }
}

function checkLimit(limit: number): number {
  return inRange('bulkhead', 'limit', limit, { from: 1, to: 1_000_000, whole: true });
}
