import type { Clock, Logger, Scope, Timer } from '@roundhouse/core';
import type { Random } from '@roundhouse/resilience';
import { auditError } from '../errors.ts';
import { type Checkpoint, originOf, signCheckpoint } from '../proof/checkpoint.ts';
import type { CheckpointFile } from '../proof/checkpointFile.ts';
import type { SigningKey } from '../proof/signingKey.ts';
import type { AuditClass } from '../record/entry.ts';
import type { Tail } from '../segment/tail.ts';
import { SinkFeed } from '../sink/feed.ts';
import type { CheckpointSink, SinkStatus } from '../sink/sink.ts';
import type { SinkLag } from './contract.ts';
import type { Settings } from './options.ts';
import { Serial } from './serial.ts';

export interface CheckpointsDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: Random;
  readonly key: SigningKey;
  readonly file: CheckpointFile;
  readonly tail: () => Tail;
  /** The key has evolved: its record is for the journal to write. */
  readonly onEvolved: (epoch: number) => void;
}

/** Signs what the journal is, from time to time, and brings it to the sinks. */
export class Checkpoints {
  readonly #settings: Settings;
  readonly #deps: CheckpointsDependencies;
  readonly #feeds: readonly SinkFeed[];
  /** Of its own: what is signed is durable already, and what comes behind it need not wait for another flush. */
  readonly #serial = new Serial();
  #timer: Timer | undefined;
  #isDue = false;
  #isClosed = false;
  #evolvedAt: number;
  #failure: string | undefined;

  constructor(settings: Settings, sinks: readonly CheckpointSink[], deps: CheckpointsDependencies) {
    this.#settings = settings;
    this.#deps = deps;
    this.#feeds = sinks.map((sink) => new SinkFeed(sink, settings.sinkLagMs, deps));
    this.#evolvedAt = deps.clock.monotonic();
  }

  get sinks(): readonly SinkStatus[] {
    return this.#feeds.map(({ status }) => status);
  }

  get failure(): string | undefined {
    return this.#failure;
  }

  /** Sees to it that records get a checkpoint before long. */
  noteWritten(): void {
    const { file, clock, tail } = this.#deps;
    if (this.#isClosed) return;
    if (tail().seq - (file.last?.size ?? 0) >= this.#settings.checkpoint.records) {
      if (this.#isDue) return;
      this.#isDue = true;
      void this.#attempt();
      return;
    }
    this.#timer ??= clock.setTimer(this.#settings.checkpoint.intervalMs, () => {
      this.#timer = undefined;
      void this.#attempt();
    });
  }

  /** Raises AUDIT_UNAVAILABLE. */
  take(): Promise<Checkpoint> {
    return this.#serial.run(() => this.#sign());
  }

  /** Raises AUDIT_UNAVAILABLE. */
  async evolve(): Promise<void> {
    const { key, onEvolved } = this.#deps;
    await this.#serial.run(async () => {
      await this.#sign();
      const { seq, range } = this.#deps.tail();
      try {
        await key.evolve({ size: seq, root: range.root(), time: this.#time() });
      } catch (cause) {
        throw this.#failed(cause);
      }
    });
    this.#evolvedAt = this.#deps.clock.monotonic();
    onEvolved(key.epoch);
  }

  /** What a class asks for when a sink lags; whether it does. Raises AUDIT_SINK_LAGGING, and the reason of the scope. */
  async admit(auditClass: AuditClass, policy: SinkLag, scope: Scope | undefined): Promise<boolean> {
    for (const feed of this.#feeds) {
      if (!feed.isLagging || policy === 'degrade') continue;
      const { name, lag_ms } = feed.status;
      if (policy === 'refuse') {
        throw auditError('AUDIT_SINK_LAGGING', { details: { sink: name, lag_ms, class: auditClass } });
      }
      await feed.untilCurrent(scope);
    }
    return this.isLagging;
  }

  get isLagging(): boolean {
    return this.#feeds.some((feed) => feed.isLagging);
  }

  /** No more of them; sinks get what they have not. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await Promise.all(this.#feeds.map((feed) => feed.close()));
  }

  async #attempt(): Promise<void> {
    try {
      const age = this.#deps.clock.monotonic() - this.#evolvedAt;
      if (age >= this.#settings.keyLifetimeMs) await this.evolve();
      await this.take();
    } catch {
      // It is in the status, and in the log the first time; the next record or the next time tries again.
      if (this.#isClosed) return;
      this.#timer ??= this.#deps.clock.setTimer(this.#settings.checkpoint.intervalMs, () => {
        this.#timer = undefined;
        if (!this.#isClosed) void this.#attempt();
      });
    } finally {
      this.#isDue = false;
    }
  }

  async #sign(): Promise<Checkpoint> {
    const { file, key } = this.#deps;
    const { seq, range, recordChain } = this.#deps.tail();
    if (file.last?.size === seq) return file.last;
    const facts = { origin: originOf(key.journal), size: seq, root: range.root(), chain: recordChain };
    const checkpoint = signCheckpoint({ ...facts, epoch: key.epoch, time: this.#time() }, key.signer);
    try {
      await file.append(checkpoint);
    } catch (cause) {
      throw this.#failed(cause);
    }
    this.#failure = undefined;
    for (const feed of this.#feeds) feed.offer(checkpoint);
    return checkpoint;
  }

  #failed(cause: unknown): Error {
    const reason = cause instanceof Error ? cause.message : String(cause);
    if (this.#failure === undefined) this.#deps.log.error('a checkpoint of the audit journal failed', { reason });
    this.#failure = reason;
    return auditError('AUDIT_UNAVAILABLE', { details: { reason }, cause });
  }

  #time(): string {
    return new Date(this.#deps.clock.now()).toISOString();
  }
}
