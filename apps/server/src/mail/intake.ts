import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clock, Logger, Scope } from '@roundhouse/core';
import { parseAddress } from '@roundhouse/net';
import type { IncomingMessage, Maildir, SmtpAnswer, SmtpHandlers, SmtpPeer } from '@roundhouse/protocols/smtp';
import type { EventJournal } from '../event/journal.ts';
import { type Acceptance, acceptanceOf, type MailRules } from './acceptance.ts';
import type { MailNotice, Outbox } from './outbox.ts';
import { HeadReader, summaryOf } from './summary.ts';
import type { MailTeller } from './teller.ts';

/** What may be changed while it runs. */
export interface MailLiveOptions extends MailRules {
  /** Messages in the Maildir. Default 10,000. */
  readonly maxKept?: number;
}

/** Messages that may wait to be told: more are refused for now. */
const MAX_WAITING = 1_000;
/** How often a full mailbox is looked into again, ms. */
const RECOUNT_MS = 1_000;
const NOT_FROM_HERE: SmtpAnswer = { code: 554, enhanced: '5.7.1', text: 'Mail from your address is not taken' };
const NOT_FOR_HERE: SmtpAnswer = { code: 550, enhanced: '5.7.1', text: 'Mail for this address is not taken' };
const TOO_MUCH: SmtpAnswer = { code: 452, enhanced: '4.3.1', text: 'Too much waits here, try again later' };
const FULL: SmtpAnswer = { code: 452, enhanced: '4.3.1', text: 'The mailbox is full, try again later' };

export interface IntakeDependencies {
  readonly journal: Pick<EventJournal, 'state'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly outbox: Pick<Outbox, 'add' | 'remove'>;
  readonly teller: Pick<MailTeller, 'tell' | 'waiting'>;
  readonly maildir: Maildir | undefined;
}

/** Takes messages: each is on the disk, with what is to be told of it, before it is answered. */
export class Intake {
  readonly #hostname: string;
  readonly #deps: IntakeDependencies;
  #acceptance: Acceptance;
  #maxKept: number;
  #messages = 0;
  /** Files in the mailbox when they were last counted, and those that were put there since. */
  #kept = Infinity;
  #countedAt = -Infinity;
  #counting: Promise<void> | undefined;

  constructor(options: MailLiveOptions, hostname: string, deps: IntakeDependencies) {
    this.#hostname = hostname;
    this.#deps = deps;
    this.#acceptance = acceptanceOf(options);
    this.#maxKept = maxKeptOf(options);
  }

  configure(options: MailLiveOptions): void {
    this.#acceptance = acceptanceOf(options);
    this.#maxKept = maxKeptOf(options);
  }

  get handlers(): SmtpHandlers {
    return {
      connect: ({ peer }) => (this.#acceptance.takesFrom(parseAddress(peer, 0).host) ? undefined : NOT_FROM_HERE),
      mail: () => this.#refusal(),
      recipient: ({ address }) => (this.#acceptance.takesFor(address) ? undefined : NOT_FOR_HERE),
      message: (message, peer, scope) => this.#take(message, peer, scope),
    };
  }

  /** Of a message that may follow: those under way are bounded by the connections. */
  async #refusal(): Promise<SmtpAnswer | undefined> {
    const { journal, teller } = this.#deps;
    if (teller.waiting >= MAX_WAITING || journal.state === 'overloaded') return TOO_MUCH;
    return (await this.#hasRoom()) ? undefined : FULL;
  }

  async #take(message: IncomingMessage, peer: SmtpPeer, scope: Scope): Promise<undefined> {
    const { outbox, teller, maildir, clock, log } = this.#deps;
    const { traceHeaders } = await import('@roundhouse/protocols/smtp');
    const reader = new HeadReader();
    const text = reader.through(message.text);
    const trace = traceHeaders(message, peer, { hostname: this.#hostname, clock });
    const pending = await maildir?.write(behind(trace, text), scope);
    if (pending === undefined) for await (const _ of text) scope.throwIfEnded();
    const name = this.#nextName();
    try {
      const file = pending === undefined ? null : basename(pending.path);
      const summary = await summaryOf(message, peer, reader, file);
      const notice: MailNotice = { name, summary, pending: pending?.path ?? null };
      await outbox.add(notice);
      await pending?.commit();
      this.#kept += 1;
      teller.tell(notice);
      log.debug('message taken', { notice: name, bytes: summary.bytes });
      return undefined;
    } catch (error) {
      log.error('a message could not be kept', { reason: String(error) });
      // Without its file it would look like one that was taken: that goes last, and else the next start sees to both.
      const isForgotten = await outbox.remove([{ name }]).then(
        () => true,
        () => false,
      );
      if (isForgotten) await pending?.discard();
      throw error;
    }
  }

  /** Sorts by time. */
  #nextName(): string {
    this.#messages += 1;
    const at = String(this.#deps.clock.now()).padStart(15, '0');
    return `${at}-${String(this.#messages).padStart(9, '0')}-${randomBytes(6).toString('hex')}`;
  }

  async #hasRoom(): Promise<boolean> {
    const { maildir, clock } = this.#deps;
    if (maildir === undefined || this.#kept < this.#maxKept) return true;
    if (this.#counting === undefined && clock.monotonic() - this.#countedAt >= RECOUNT_MS) {
      this.#countedAt = clock.monotonic();
      this.#counting = this.#count(maildir).finally(() => {
        this.#counting = undefined;
      });
    }
    await this.#counting;
    return this.#kept < this.#maxKept;
  }

  async #count({ directory }: Maildir): Promise<void> {
    const folders = await Promise.all(['new', 'cur'].map((name) => readdir(join(directory, name))));
    this.#kept = folders.flat().length;
  }
}

function maxKeptOf({ maxKept = 10_000 }: MailLiveOptions): number {
  return maxKept;
}

async function* behind(head: string, text: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield Buffer.from(head);
  yield* text;
}
