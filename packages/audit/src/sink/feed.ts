import { type Clock, createScope, Emitter, type Logger, type Scope } from '@roundhouse/core';
import { type BackoffStep, exponentialBackoff, type Random } from '@roundhouse/resilience';
import type { Checkpoint } from '../proof/checkpoint.ts';
import type { CheckpointSink, SinkStatus } from './sink.ts';

export interface FeedDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: Random;
}

const RETRY = { initialMs: 1_000, maxMs: 60_000 } as const;
const PUT_TIMEOUT_MS = 30_000;

/**
 * Brings checkpoints to one sink, again and again until it takes them. Only the newest waits: it covers all before it, so
 * whatever the sink was not there for is in it too.
 */
export class SinkFeed {
  readonly #sink: CheckpointSink;
  readonly #lagMs: number;
  readonly #deps: FeedDependencies;
  readonly #scope: Scope;
  readonly #facts = new Emitter<{ delivered: Checkpoint }>();
  #waiting: Checkpoint | undefined;
  /** When the oldest that the sink has not got was made, monotonic ms. */
  #behindSince: number | undefined;
  #last: Checkpoint | undefined;
  #failure: string | undefined;
  #running: Promise<void> | undefined;
  #isEnding = false;

  constructor(sink: CheckpointSink, lagMs: number, deps: FeedDependencies) {
    this.#sink = sink;
    this.#lagMs = lagMs;
    this.#deps = deps;
    this.#scope = createScope({ clock: deps.clock });
  }

  get status(): SinkStatus {
    const last = this.#last;
    return {
      name: this.#sink.name,
      ...(last !== undefined && { last: { size: last.size, time: last.time } }),
      lag_ms: Math.round(this.#lag),
      is_lagging: this.isLagging,
      ...(this.#failure !== undefined && { failure: this.#failure }),
    };
  }

  get isLagging(): boolean {
    return this.#lag >= this.#lagMs;
  }

  get #lag(): number {
    return this.#behindSince === undefined ? 0 : this.#deps.clock.monotonic() - this.#behindSince;
  }

  offer(checkpoint: Checkpoint): void {
    this.#waiting = checkpoint;
    this.#behindSince ??= this.#deps.clock.monotonic();
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when the sink does not lag; rejects with the reason of the scope. */
  async untilCurrent(scope: Scope | undefined): Promise<void> {
    while (this.isLagging) {
      const delivered = new Promise<void>((resolve) => {
        const leave = this.#facts.on('delivered', () => {
          leave();
          resolve();
        });
      });
      await (scope ?? this.#scope).race(delivered);
    }
  }

  /** One more attempt at what waits, then no more. Raises nothing. */
  async close(): Promise<void> {
    this.#isEnding = true;
    // A wait for the next attempt is cut short; an attempt that is under way may end.
    this.#scope.end();
    await this.#running;
    if (this.#waiting !== undefined) await this.#attempt(this.#waiting);
  }

  async #run(): Promise<void> {
    let step: BackoffStep | undefined;
    while (this.#waiting !== undefined && !this.#isEnding) {
      if (await this.#attempt(this.#waiting)) {
        step = undefined;
        continue;
      }
      step = (step ?? exponentialBackoff(RETRY)).next(this.#deps.random);
      try {
        await this.#scope.sleep(step.delayMs);
      } catch {
        return;
      }
    }
  }

  async #attempt(checkpoint: Checkpoint): Promise<boolean> {
    const begunAt = this.#deps.clock.monotonic();
    using scope = createScope({ clock: this.#deps.clock, timeoutMs: PUT_TIMEOUT_MS, what: this.#sink.name });
    try {
      await scope.race(this.#sink.put(checkpoint, scope));
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      if (this.#failure === undefined) {
        this.#deps.log.warn('a checkpoint sink fails', { sink: this.#sink.name, reason: failure });
      }
      this.#failure = failure;
      return false;
    }
    this.#failure = undefined;
    this.#last = checkpoint;
    if (this.#waiting === checkpoint) this.#waiting = undefined;
    // One that came meanwhile came after this attempt began.
    this.#behindSince = this.#waiting === undefined ? undefined : begunAt;
    this.#facts.emit('delivered', checkpoint);
    return true;
  }
}
