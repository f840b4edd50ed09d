import {
  type Clock,
  Emitter,
  type EventSource,
  isRoundhouseError,
  Machine,
  type Transitions,
  type Unsubscribe,
} from '@roundhouse/core';
import type { Backoff, BackoffStep, Random } from './backoff.ts';
import { resilienceError } from './errors.ts';
import { inRange } from './range.ts';
import { createTrip, type Trip, type TripOptions } from './trip.ts';

/** `closed` lets calls through, `open` none, `half_open` a few canaries that show whether it may close. */
export type BreakerState = 'closed' | 'open' | 'half_open';

export const BREAKER_TRANSITIONS: Transitions<BreakerState> = {
  closed: ['open'],
  open: ['half_open'],
  half_open: ['closed', 'open'],
};

export interface BreakerOptions {
  readonly trip: TripOptions;
  /** How long it stays open: grows with each canary that fails, and begins anew when the breaker has closed. */
  readonly openTime: Backoff;
  /** Canaries at a time while half open, 1 … 1,000. Default 1. */
  readonly canaries?: number;
  /** Canaries that must succeed before it closes, 1 … 1,000. Default 1. */
  readonly successesToClose?: number;
  /** Names what is protected in an error, e.g. `Endpoint mvs1`. */
  readonly what: string;
}

export interface BreakerDeps {
  readonly clock: Clock;
  readonly random: Random;
}

export interface BreakerEvents {
  readonly moved: { readonly from: BreakerState; readonly to: BreakerState };
}

/**
 * Leave for one call, which must report how it went; the first report counts. A report that comes after the breaker has
 * changed its state says nothing of the new state and is not counted. `using` reports a cancelled call if nothing else
 * was reported.
 */
export interface BreakerPermit extends Disposable {
  succeeded(): void;
  failed(): void;
  /** The call says nothing about the other side, e.g. because its caller gave it up. */
  cancelled(): void;
}

/** What an error of a call means for the breaker. */
export type CallOutcome = 'succeeded' | 'failed' | 'cancelled';

/** Stops calling what fails, and finds out gently when it works again. It sets no timer: time counts when it is asked. */
export interface Breaker extends EventSource<BreakerEvents> {
  /** It stays `open` after its time until somebody asks for a permit. */
  readonly state: BreakerState;
  /** How long it will give no permit, ms; 0 when it may. */
  readonly retryAfterMs: number;
  tryAcquire(): BreakerPermit | undefined;
  /**
   * Settles as the operation does; rejects with BREAKER_OPEN, its `retry_after_ms` as above, when there is no permit.
   * `judge` tells what an error means; by default CANCELLED is cancelled and every other error is failed.
   */
  run<T>(operation: () => Promise<T>, judge?: (error: unknown) => CallOutcome): Promise<T>;
}

/** Raises POLICY_INVALID. */
export function createBreaker(options: BreakerOptions, deps: BreakerDeps): Breaker {
  return new CircuitBreaker(options, deps);
}

class CircuitBreaker implements Breaker {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #trip: Trip;
  readonly #openTime: Backoff;
  readonly #canaries: number;
  readonly #successesToClose: number;
  readonly #what: string;
  readonly #events = new Emitter<BreakerEvents>();
  readonly #machine = new Machine<BreakerState>('A breaker', BREAKER_TRANSITIONS, 'closed', (from, to) =>
    this.#events.emit('moved', { from, to }),
  );
  /** Counts moves: a permit of an earlier period has no say. */
  #period = 0;
  /** The step of the present run of failures; undefined while closed. */
  #step: BackoffStep | undefined;
  /** Monotonic time until which it is open. */
  #openUntil = 0;
  #canariesOut = 0;
  #successes = 0;

  constructor(options: BreakerOptions, { clock, random }: BreakerDeps) {
    const { trip, openTime, canaries = 1, successesToClose = 1, what } = options;
    this.#clock = clock;
    this.#random = random;
    this.#trip = createTrip(trip);
    this.#openTime = openTime;
    this.#canaries = inRange('breaker', 'canaries', canaries, { from: 1, to: 1_000, whole: true });
    this.#successesToClose = inRange('breaker', 'successesToClose', successesToClose, {
      from: 1,
      to: 1_000,
      whole: true,
    });
    this.#what = what;
  }

  get state(): BreakerState {
    return this.#machine.state;
  }

  get retryAfterMs(): number {
    return this.state === 'open' ? Math.max(this.#openUntil - this.#clock.monotonic(), 0) : 0;
  }

  on<K extends keyof BreakerEvents>(name: K, listener: (fact: BreakerEvents[K]) => void): Unsubscribe {
    return this.#events.on(name, listener);
  }

  tryAcquire(): BreakerPermit | undefined {
    if (this.retryAfterMs > 0) return undefined;
    if (this.state === 'open') this.#move('half_open');
    if (this.state === 'closed') return this.#permit();
    if (this.#canariesOut >= this.#canaries) return undefined;
    this.#canariesOut++;
    return this.#permit();
  }

  async run<T>(operation: () => Promise<T>, judge: (error: unknown) => CallOutcome = judgeError): Promise<T> {
    using permit = this.tryAcquire();
    if (permit === undefined) {
      const retryAfterMs = Math.ceil(this.retryAfterMs);
      throw resilienceError('BREAKER_OPEN', { details: { what: this.#what, retry_after_ms: retryAfterMs } });
    }
    try {
      const result = await operation();
      permit.succeeded();
      return result;
    } catch (error) {
      permit[judge(error)]();
      throw error;
    }
  }

  #permit(): BreakerPermit {
    const period = this.#period;
    let isReported = false;
    const report = (outcome: CallOutcome) => (): void => {
      if (isReported) return;
      isReported = true;
      if (period === this.#period) this.#record(outcome);
    };
    const cancelled = report('cancelled');
    return { succeeded: report('succeeded'), failed: report('failed'), cancelled, [Symbol.dispose]: cancelled };
  }

  #record(outcome: CallOutcome): void {
    if (this.state === 'half_open') this.#recordCanary(outcome);
    else if (outcome === 'succeeded') this.#trip.succeeded(this.#clock.monotonic());
    else if (outcome === 'failed' && this.#trip.failed(this.#clock.monotonic())) this.#open();
  }

  #recordCanary(outcome: CallOutcome): void {
    this.#canariesOut--;
    if (outcome === 'failed') this.#open();
    else if (outcome === 'succeeded' && ++this.#successes >= this.#successesToClose) this.#close();
  }

  #open(): void {
    this.#step = (this.#step ?? this.#openTime).next(this.#random);
    this.#openUntil = this.#clock.monotonic() + this.#step.delayMs;
    this.#move('open');
  }

  #close(): void {
    this.#step = undefined;
    this.#trip.clear();
    this.#move('closed');
  }

  /** Last of all that a change does, because listeners may ask for a permit at once. */
  #move(to: BreakerState): void {
    this.#period++;
    this.#canariesOut = 0;
    this.#successes = 0;
    this.#machine.move(to);
  }
}

function judgeError(error: unknown): CallOutcome {
  return isRoundhouseError(error) && error.code === 'CANCELLED' ? 'cancelled' : 'failed';
}
