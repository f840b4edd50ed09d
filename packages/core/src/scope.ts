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

/** Who is told of the end of a scope; in a list of that scope, which it can leave at any moment. */
abstract class Listener {
  before: Listener | undefined;
  after: Listener | undefined;
  isListed = false;

  abstract tell(ending: Ending): void;
}

class Callback extends Listener {
  readonly #callback: (reason: RoundhouseError) => void;

  constructor(callback: (reason: RoundhouseError) => void) {
    super();
    this.#callback = callback;
  }

  override tell(ending: Ending): void {
    this.#callback(ending.reason);
  }
}

class OperationScope extends Listener implements Scope {
  readonly clock: Clock;
  readonly deadline: number;
  readonly #parent: OperationScope | undefined;
  /** Of those who are told of the end: children and callbacks, in the order in which they came. */
  #first: Listener | undefined;
  #last: Listener | undefined;
  readonly #timer: Timer | undefined;
  readonly #leaveSignal: (() => void) | undefined;
  /** Made for the first who asks for the signal. */
  #controller: AbortController | undefined;
  #ending: Ending | undefined;

  constructor(clock: Clock, parent: OperationScope | undefined, options: ScopeOptions) {
    super();
    this.clock = clock;
    const { what = 'The operation', timeoutMs, signal } = options;
    const isLimited = timeoutMs !== undefined && Number.isFinite(timeoutMs);
    this.deadline = Math.min(isLimited ? clock.monotonic() + timeoutMs : Infinity, parent?.deadline ?? Infinity);
    this.#parent = parent;
    if (parent !== undefined) parent.#add(this);
    if (isLimited) {
      this.#timer = clock.setTimer(timeoutMs, () =>
        this.end(coreError('DEADLINE_EXCEEDED', { details: { what, timeout_ms: timeoutMs } })),
      );
    }
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
    if (this.#ending === undefined) this.tell(new Ending(reason));
  }

  onEnd(callback: (reason: RoundhouseError) => void): () => void {
    const listener = new Callback(callback);
    this.#add(listener);
    return () => this.#remove(listener);
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

  /** Its parent has ended, or it does by itself. */
  override tell(ending: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#release();
    for (let listener = this.#first; listener !== undefined; listener = this.#first) {
      this.#remove(listener);
      try {
        listener.tell(ending);
      } catch (error) {
        reportUncaught(error);
      }
    }
    this.#controller?.abort(ending.reason);
  }

  #add(listener: Listener): void {
    if (this.#ending !== undefined) {
      listener.tell(this.#ending);
      return;
    }
    listener.isListed = true;
    listener.before = this.#last;
    if (this.#last === undefined) this.#first = listener;
    else this.#last.after = listener;
    this.#last = listener;
  }

  #remove(listener: Listener): void {
    if (!listener.isListed) return;
    const { before, after } = listener;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    listener.isListed = false;
    listener.before = listener.after = undefined;
  }

  #release(): void {
    this.#timer?.cancel();
    if (this.#parent !== undefined) this.#parent.#remove(this);
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
