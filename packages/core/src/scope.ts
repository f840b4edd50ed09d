import { type Clock, systemClock, type Timer } from './clock.ts';
import { RoundhouseError } from './error.ts';
import { coreError } from './errors.ts';
import { reportUncaught } from './report.ts';

/**
 * An operation's abort signal, deadline and children. Whatever an operation starts takes its scope; ending the scope
 * ends all of it.
 */
export interface Scope extends Disposable {
  /** Aborts when the scope ends; `reason` is a RoundhouseError. */
  readonly signal: AbortSignal;
  /** Monotonic time (ms) at which the scope ends by itself; Infinity when it has no deadline. */
  readonly deadline: number;
  readonly clock: Clock;
  /** A scope that ends with this one, or earlier. */
  child(options?: ScopeOptions): Scope;
  /** Ends the scope and its children. Idempotent: the first reason stays. */
  end(reason?: RoundhouseError): void;
  /** Calls back when the scope ends (at once when it has). Returns a function that withdraws the callback. */
  onEnd(callback: (reason: RoundhouseError) => void): () => void;
  /** Throws the reason when the scope has ended. */
  throwIfEnded(): void;
  /** Resolves after `delayMs`, rejects with the reason when the scope ends first. */
  sleep(delayMs: number): Promise<void>;
  /** Settles as `promise` does, or rejects with the reason when the scope ends first. */
  race<T>(promise: Promise<T>): Promise<T>;
}

export interface ScopeOptions {
  /** Names the operation in a DEADLINE_EXCEEDED error. */
  readonly what?: string;
  readonly timeoutMs?: number;
  /** Ends the scope when it aborts. */
  readonly signal?: AbortSignal;
}

export interface RootScopeOptions extends ScopeOptions {
  readonly clock?: Clock;
}

export function createScope(options: RootScopeOptions = {}): Scope {
  return new OperationScope(options.clock ?? systemClock, undefined, options);
}

class OperationScope implements Scope {
  readonly clock: Clock;
  readonly deadline: number;
  readonly #callbacks = new Set<(ending: Ending) => void>();
  readonly #timer: Timer | undefined;
  readonly #leaveParent: (() => void) | undefined;
  readonly #leaveSignal: (() => void) | undefined;
  /** Made for the first who asks for the signal. */
  #controller: AbortController | undefined;
  #ending: Ending | undefined;

  constructor(clock: Clock, parent: OperationScope | undefined, options: ScopeOptions) {
    this.clock = clock;
    const own = options.timeoutMs === undefined ? Infinity : clock.monotonic() + options.timeoutMs;
    this.deadline = Math.min(own, parent?.deadline ?? Infinity);
    if (parent !== undefined) this.#leaveParent = parent.#onEnding((ending) => this.#end(ending));
    if (options.timeoutMs !== undefined && Number.isFinite(options.timeoutMs)) {
      const { what = 'The operation', timeoutMs } = options;
      this.#timer = clock.setTimer(timeoutMs, () =>
        this.end(coreError('DEADLINE_EXCEEDED', { details: { what, timeout_ms: timeoutMs } })),
      );
    }
    const { signal } = options;
    if (signal !== undefined) {
      const onAbort = (): void => this.end(asReason(signal.reason));
      if (signal.aborted) onAbort();
      else {
        signal.addEventListener('abort', onAbort, { once: true });
        this.#leaveSignal = () => signal.removeEventListener('abort', onAbort);
        if (this.#ending !== undefined) this.#leaveSignal();
      }
    }
    if (this.#ending !== undefined) this.#release();
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#ending !== undefined) this.#controller.abort(this.#ending.reason);
    }
    return this.#controller.signal;
  }

  child(options: ScopeOptions = {}): Scope {
    return new OperationScope(this.clock, this, options);
  }

  end(reason?: RoundhouseError): void {
    if (this.#ending === undefined) this.#end(new Ending(reason));
  }

  onEnd(callback: (reason: RoundhouseError) => void): () => void {
    return this.#onEnding(({ reason }) => callback(reason));
  }

  throwIfEnded(): void {
    if (this.#ending !== undefined) throw this.#ending.reason;
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      const leave = this.onEnd((reason) => {
        timer?.cancel();
        reject(reason);
      });
      if (this.#ending !== undefined) return;
      timer = this.clock.setTimer(delayMs, () => {
        leave();
        resolve();
      });
    });
  }

  race<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const leave = this.onEnd(reject);
      promise.then(
        (value) => {
          leave();
          resolve(value);
        },
        (error: unknown) => {
          leave();
          reject(error);
        },
      );
    });
  }

  [Symbol.dispose](): void {
    this.end();
  }

  #end(ending: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#release();
    const callbacks = [...this.#callbacks];
    this.#callbacks.clear();
    for (const callback of callbacks) {
      try {
        callback(ending);
      } catch (error) {
        reportUncaught(error);
      }
    }
    this.#controller?.abort(ending.reason);
  }

  #onEnding(callback: (ending: Ending) => void): () => void {
    if (this.#ending !== undefined) {
      callback(this.#ending);
      return () => {};
    }
    this.#callbacks.add(callback);
    return () => this.#callbacks.delete(callback);
  }

  #release(): void {
    this.#timer?.cancel();
    this.#leaveParent?.();
    this.#leaveSignal?.();
  }
}

/** The end of a scope and its children. The error and its stack are made for the first who asks: mostly nobody does. */
class Ending {
  #reason: RoundhouseError | undefined;

  constructor(reason: RoundhouseError | undefined) {
    this.#reason = reason;
  }

  get reason(): RoundhouseError {
    this.#reason ??= coreError('CANCELLED');
    return this.#reason;
  }
}

function asReason(reason: unknown): RoundhouseError {
  return reason instanceof RoundhouseError ? reason : coreError('CANCELLED', { cause: reason });
}
