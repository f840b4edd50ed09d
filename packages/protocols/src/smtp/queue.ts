import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import {
  type Clock,
  createScope,
  type Logger,
  type RoundhouseError,
  type Scope,
  silentLogger,
  type Timer,
} from '@roundhouse/core';
import { netError } from '@roundhouse/net';
import { attempt, type AttemptOutcome, type SendMail } from './attempt.ts';
import type { Envelope } from './envelope.ts';
import { mailError } from './errors.ts';
import { lockFolder } from './folderLock.ts';
import { parseMailbox } from './mailbox.ts';
import { type MessageSource, piecesOf, sizedMessage } from './message.ts';
import { type RetrySchedule, resolveSchedule, retryDelayMs } from './schedule.ts';
import { Spool, type SpoolEntry } from './spool.ts';
import type { RecipientResult } from './transaction.ts';

/** A message that is given up for some of its recipients. */
export interface DeliveryFailure {
  readonly id: string;
  readonly envelope: Envelope;
  /** With the last answer for each; 5xx, or a 4xx that lasted too long. */
  readonly recipients: readonly RecipientResult[];
  /** Ms since 1970. */
  readonly queuedAt: number;
  readonly attempts: number;
  /** The message, to be read once. */
  readonly text: AsyncIterable<Uint8Array>;
}

export interface MailQueueOptions {
  /** Absolute; made when it is not there. One folder belongs to one process at a time. */
  readonly directory: string;
  readonly send: SendMail;
  /** Told of recipients that are given up. The message stays until it has resolved; when it rejects it is told again. */
  readonly failed: (failure: DeliveryFailure, scope: Scope) => void | Promise<void>;
  readonly schedule?: Partial<RetrySchedule>;
  /** Attempts at a time. Default 4. */
  readonly concurrency?: number;
  /** Longest attempt, ms. Default 1,800,000. */
  readonly attemptMs?: number;
  /** Messages that may wait. Default 10,000. */
  readonly maxMessages?: number;
  /** Bytes that may wait. Default 1,073,741,824. */
  readonly maxBytes?: number;
}

export interface MailQueueDependencies {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log?: Logger;
}

const MOST = 1_099_511_627_776;
const LONGEST_TIMER_MS = 2_147_483_647;
const DEFAULTS = { concurrency: 4, attemptMs: 1_800_000, maxMessages: 10_000, maxBytes: 1_073_741_824 };

/**
 * Opens the queue in a folder, with all that waits there, and begins to send. Rejects with MAIL_QUEUE_IN_USE,
 * NET_OPTION_INVALID, POLICY_INVALID, or as the file system does.
 */
export async function openMailQueue(options: MailQueueOptions, deps: MailQueueDependencies): Promise<MailQueue> {
  const bounds = { ...DEFAULTS, ...options };
  for (const name of Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]) {
    if (Number.isInteger(bounds[name]) && bounds[name] >= 1 && bounds[name] <= MOST) continue;
    const reason = `${name} is ${bounds[name]}, and must be a whole number from 1 to ${MOST}`;
    throw netError('NET_OPTION_INVALID', { details: { reason } });
  }
  if (!isAbsolute(options.directory)) {
    throw netError('NET_OPTION_INVALID', { details: { reason: 'the folder of a mail queue is absolute' } });
  }
  const schedule = resolveSchedule(options.schedule);
  await mkdir(options.directory, { recursive: true, mode: 0o700 });
  const lock = await lockFolder(options.directory);
  try {
    const spool = new Spool(options.directory);
    const { entries, broken } = await spool.open();
    if (broken.length > 0) deps.log?.error('messages of the mail queue cannot be read', { files: broken });
    return new MailQueue({ ...bounds, schedule }, spool, entries, lock, deps);
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

type ResolvedQueue = MailQueueOptions & typeof DEFAULTS & { readonly schedule: RetrySchedule };

/**
 * Messages that are sent until they are taken, or given up. What was enqueued survives the end of the process, in
 * whatever way it comes; a message whose answer was not heard is sent again, so it may arrive twice, never less than once.
 */
export class MailQueue implements AsyncDisposable {
  readonly #options: ResolvedQueue;
  readonly #spool: Spool;
  readonly #entries = new Map<string, SpoolEntry>();
  readonly #active = new Map<string, Promise<void>>();
  readonly #lock: AsyncDisposable;
  readonly #deps: Required<MailQueueDependencies>;
  readonly #scope: Scope;
  #adding = 0;
  #addingBytes = 0;
  #timer: Timer | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    options: ResolvedQueue,
    spool: Spool,
    entries: readonly SpoolEntry[],
    lock: AsyncDisposable,
    deps: MailQueueDependencies,
  ) {
    this.#options = options;
    this.#spool = spool;
    this.#lock = lock;
    this.#deps = { log: silentLogger, ...deps };
    this.#scope = createScope({ clock: deps.clock });
    for (const entry of entries) this.#entries.set(entry.id, entry);
    this.#next();
  }

  /** What waits, oldest first. */
  list(): readonly SpoolEntry[] {
    return [...this.#entries.values()].toSorted((a, b) => a.queuedAt - b.queuedAt);
  }

  get bytes(): number {
    return [...this.#entries.values()].reduce((sum, entry) => sum + entry.bytes, 0);
  }

  /**
   * Takes a message; durable when it resolves to its id. Rejects with ADDRESS_INVALID, MAIL_QUEUE_FULL,
   * MAIL_QUEUE_CLOSED, the reason of the scope, or as the source or the file system does: nothing is kept then.
   */
  async enqueue(envelope: Envelope, message: MessageSource, scope: Scope = this.#scope): Promise<string> {
    const { directory, maxMessages, maxBytes } = this.#options;
    if (this.#closing !== undefined) throw mailError('MAIL_QUEUE_CLOSED', { details: { directory } });
    const to = envelope.to.map((each) => (typeof each === 'string' ? { address: each } : each));
    if (envelope.from !== '') parseMailbox(envelope.from);
    if (to.length === 0) throw netError('ADDRESS_INVALID', { details: { address: '', reason: 'nobody is to get it' } });
    for (const { address } of to) parseMailbox(address);
    if (this.#entries.size + this.#adding >= maxMessages) throw this.#full(`${maxMessages} messages wait`);
    this.#adding++;
    const count = { bytes: 0 };
    try {
      const now = this.#deps.clock.now();
      const id = `${Math.floor(now).toString(36)}-${randomBytes(8).toString('hex')}`.toUpperCase();
      const entry = {
        id,
        envelope: { ...envelope, to },
        queuedAt: now,
        attempts: 0,
        nextAttemptAt: now,
        lastAnswer: null,
      };
      const room = maxBytes - this.bytes;
      const whole = await this.#spool.add(entry, this.#bounded(message, room, count, scope), scope);
      this.#entries.set(id, whole);
      return id;
    } finally {
      this.#adding--;
      this.#addingBytes -= count.bytes;
      this.#next();
    }
  }

  /** Tries all that waits now, whatever the schedule says. */
  flush(): void {
    const now = this.#deps.clock.now();
    for (const entry of this.#entries.values()) this.#entries.set(entry.id, { ...entry, nextAttemptAt: now });
    this.#next();
  }

  /** Ends attempts after `graceMs`, and frees the folder; what was not taken stays in it. Idempotent. */
  close(graceMs = 5_000): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(graceMs: number): Promise<void> {
    this.#timer?.cancel();
    const over = this.#deps.clock.setTimer(graceMs, () => this.#scope.end());
    while (this.#active.size > 0) await Promise.all(this.#active.values());
    over.cancel();
    this.#scope.end();
    await this.#lock[Symbol.asyncDispose]();
  }

  /** Begins what is due, as much as there is room for, and sets the clock for the rest. */
  #next(): void {
    this.#timer?.cancel();
    if (this.#closing !== undefined) return;
    const { clock } = this.#deps;
    const waiting = [...this.#entries.values()]
      .filter(({ id }) => !this.#active.has(id))
      .toSorted((a, b) => a.nextAttemptAt - b.nextAttemptAt);
    for (const entry of waiting) {
      if (this.#active.size >= this.#options.concurrency) return;
      const delayMs = entry.nextAttemptAt - clock.now();
      if (delayMs > 0) {
        this.#timer = clock.setTimer(Math.min(delayMs, LONGEST_TIMER_MS), () => this.#next());
        return;
      }
      const work = this.#attempt(entry).finally(() => {
        this.#active.delete(entry.id);
        this.#next();
      });
      this.#active.set(entry.id, work);
    }
  }

  /** Never rejects. */
  async #attempt(entry: SpoolEntry): Promise<void> {
    const { send, attemptMs } = this.#options;
    using own = this.#scope.child({ what: 'An attempt to send', timeoutMs: attemptMs });
    try {
      const outcome = await attempt(entry, this.#spool.text(entry.id), send, own);
      // An attempt that was ended by the end of the queue says nothing about the message.
      if (this.#scope.signal.aborted && outcome.delivered.length === 0) return;
      await this.#settle(entry, outcome);
    } catch (error) {
      this.#deps.log.error('a message of the mail queue could not be brought forward', { id: entry.id, error });
      // Who has got it by now is no longer in the entry.
      const now = this.#entries.get(entry.id);
      if (now !== undefined) this.#postpone({ ...now, attempts: entry.attempts + 1 });
    }
  }

  async #settle(entry: SpoolEntry, { delivered, refused, deferred }: AttemptOutcome): Promise<void> {
    const { clock, log } = this.#deps;
    const isTooOld = clock.now() - entry.queuedAt >= this.#options.schedule.giveUpMs;
    const givenUp = isTooOld ? [...refused, ...deferred] : refused;
    const [last] = [...refused, ...deferred];
    const gone = new Set(delivered.map(({ address }) => address));
    const to = entry.envelope.to.filter(({ address }) => !gone.has(address));
    let left: SpoolEntry = {
      ...entry,
      envelope: { ...entry.envelope, to },
      attempts: entry.attempts + 1,
      lastAnswer: last === undefined ? null : `${last.code} ${last.text}`,
    };
    if (to.length === 0) return this.#remove(entry.id);
    // Whoever has got it must not get it again because the rest fails.
    if (delivered.length > 0) await this.#spool.put(left);
    this.#entries.set(left.id, left);
    log.info('a message of the mail queue was not taken', {
      id: left.id,
      given_up: givenUp.length,
      answer: left.lastAnswer,
    });
    if (givenUp.length > 0) {
      await this.#tellFailure(left, givenUp);
      const lost = new Set(givenUp.map(({ address }) => address));
      left = { ...left, envelope: { ...left.envelope, to: to.filter(({ address }) => !lost.has(address)) } };
      if (left.envelope.to.length === 0) return this.#remove(left.id);
    }
    const postponed = this.#postpone(left);
    await this.#spool.put(postponed);
  }

  async #tellFailure(entry: SpoolEntry, recipients: readonly RecipientResult[]): Promise<void> {
    const { id, envelope, queuedAt, attempts } = entry;
    const text = this.#spool.text(id);
    await this.#options.failed({ id, envelope, recipients, queuedAt, attempts, text }, this.#scope);
  }

  #postpone(entry: SpoolEntry): SpoolEntry {
    const { clock, random } = this.#deps;
    const nextAttemptAt = clock.now() + retryDelayMs(this.#options.schedule, entry.attempts, random);
    const postponed = { ...entry, nextAttemptAt };
    this.#entries.set(entry.id, postponed);
    return postponed;
  }

  async #remove(id: string): Promise<void> {
    await this.#spool.remove(id);
    this.#entries.delete(id);
  }

  async *#bounded(
    message: MessageSource,
    room: number,
    count: { bytes: number },
    scope: Scope,
  ): AsyncGenerator<Uint8Array> {
    for await (const piece of piecesOf(sizedMessage(message), (next) => scope.race(next))) {
      count.bytes += piece.byteLength;
      this.#addingBytes += piece.byteLength;
      if (this.#addingBytes > room) throw this.#full(`${this.#options.maxBytes} bytes wait`);
      yield piece;
    }
  }

  #full(reason: string): RoundhouseError {
    return mailError('MAIL_QUEUE_FULL', { details: { reason } });
  }
}
