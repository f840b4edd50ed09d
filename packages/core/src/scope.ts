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
  readonly #controller = new AbortController();
  readonly #callbacks = new Set<(reason: RoundhouseError) => void>();
  readonly #timer: Timer | undefined;
  readonly #leaveParent: (() => void) | undefined;
  readonly #leaveSignal: (() => void) | undefined;
  #reason: RoundhouseError | undefined;

  constructor(clock: Clock, parent: Scope | undefined, options: ScopeOptions) {
    this.clock = clock;
    const own = options.timeoutMs === undefined ? Infinity : clock.monotonic() + options.timeoutMs;
    this.deadline = Math.min(own, parent?.deadline ?? Infinity);
    this.#leaveParent = parent?.onEnd((reason) => this.end(reason));
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
        if (this.#reason !== undefined) this.#leaveSignal();
      }
    }
    if (this.#reason !== undefined) this.#release();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  child(options: ScopeOptions = {}): Scope {
    return new OperationScope(this.clock, this, options);
  }

  end(reason: RoundhouseError = coreError('CANCELLED')): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#release();
    const callbacks = [...this.#callbacks];
    this.#callbacks.clear();
    for (const callback of callbacks) {
      try {
        callback(reason);
      } catch (error) {
        reportUncaught(error);
      }
    }
    this.#controller.abort(reason);
  }

  onEnd(callback: (reason: RoundhouseError) => void): () => void {
    if (this.#reason !== undefined) {
      callback(this.#reason);
      return () => {};
    }
    const entry = (reason: RoundhouseError): void => callback(reason);
    this.#callbacks.add(entry);
    return () => this.#callbacks.delete(entry);
  }

  throwIfEnded(): void {
    if (this.#reason !== undefined) throw this.#reason;
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      const leave = this.onEnd((reason) => {
        timer?.cancel();
        reject(reason);
      });
      if (this.#reason !== undefined) return;
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

  #release(): void {
    this.#timer?.cancel();
    this.#leaveParent?.();
    this.#leaveSignal?.();
  }
}

function asReason(reason: unknown): RoundhouseError {
  return reason instanceof RoundhouseError ? reason : coreError('CANCELLED', { cause: reason });
}
