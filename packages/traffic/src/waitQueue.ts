import type { Clock, Scope } from '@roundhouse/core';

/** One that waits. Whichever is called first takes it out of the queue and settles its promise. */
export interface Waiter<Request, Grant> {
  readonly request: Request;
  admit(grant: Grant): void;
  refuse(reason: unknown): void;
}

/** Requests that wait, the most urgent class first, then by arrival. The owner bounds it. */
export class WaitQueue<Request extends { readonly priorityClass: number }, Grant> {
  readonly #clock: Clock;
  readonly #classes: ReadonlyArray<Set<Waiter<Request, Grant>>>;
  #size = 0;

  /** `classes`: priority classes, 0 … classes − 1. */
  constructor(classes: number, clock: Clock) {
    this.#clock = clock;
    this.#classes = Array.from({ length: classes }, () => new Set<Waiter<Request, Grant>>());
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Settles as the waiter is admitted or refused. After `timeoutMs`, `onTimeout` must do one of the two; when the scope
   * ends, it rejects with its reason.
   */
  wait(
    request: Request,
    scope: Scope,
    timeoutMs: number,
    onTimeout: (waiter: Waiter<Request, Grant>) => void,
  ): Promise<Grant> {
    return new Promise((resolve, reject) => {
      scope.throwIfEnded();
      const line = this.#classes[request.priorityClass] as Set<Waiter<Request, Grant>>;
      const leave = (): boolean => {
        if (!line.delete(waiter)) return false;
        this.#size--;
        timer.cancel();
        leaveScope();
        return true;
      };
      const waiter: Waiter<Request, Grant> = {
        request,
        admit: (grant) => {
          if (leave()) resolve(grant);
        },
        refuse: (reason) => {
          if (leave()) reject(reason);
        },
      };
      line.add(waiter);
      this.#size++;
      const timer = this.#clock.setTimer(timeoutMs, () => onTimeout(waiter));
      const leaveScope = scope.onEnd((reason) => waiter.refuse(reason));
    });
  }

  /** Waiters in order; they may be admitted and refused on the way. */
  *[Symbol.iterator](): IterableIterator<Waiter<Request, Grant>> {
    for (const line of this.#classes) yield* line;
  }
}
