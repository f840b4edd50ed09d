import { randomBytes } from 'node:crypto';
import type { Clock, Logger, Scope } from '@roundhouse/core';
import { parseAddress } from '@roundhouse/net';
import type { IncomingMessage, SmtpAnswer, SmtpHandlers, SmtpPeer } from '@roundhouse/protocols/smtp';
import type { EventJournal } from '../event/journal.ts';
import { type Acceptance, acceptanceOf, type MailRules } from './acceptance.ts';
import type { Mailbox } from './mailbox.ts';
import type { MailNotice, Outbox } from './outbox.ts';
import { HeadReader, summaryOf } from './summary.ts';
import type { MailTeller } from './teller.ts';

/** What may be changed while it runs. */
export interface MailLiveOptions extends MailRules {
  /** Messages in the mailbox. Default 10,000. */
  readonly maxKept?: number;
  /** Of all messages in the mailbox. Default: no bound. */
  readonly maxKeptBytes?: number;
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
  readonly mailbox: Mailbox | undefined;
}

/** Takes messages: each is durable, with what is to be told of it, before it is answered. */
export class Intake {
  readonly #hostname: string;
  readonly #deps: IntakeDependencies;
  #acceptance: Acceptance;
  #bounds: Kept;
  #messages = 0;
  /** What was in the mailbox when it was last counted, with what was put there since. */
  #kept: Kept = { messages: Infinity, bytes: Infinity };
  #countedAt = -Infinity;
  #counting: Promise<void> | undefined;

  constructor(options: MailLiveOptions, hostname: string, deps: IntakeDependencies) {
    this.#hostname = hostname;
    this.#deps = deps;
    this.#acceptance = acceptanceOf(options);
    this.#bounds = boundsOf(options);
  }

  configure(options: MailLiveOptions): void {
    this.#acceptance = acceptanceOf(options);
    this.#bounds = boundsOf(options);
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
    const { outbox, teller, mailbox, clock, log } = this.#deps;
    const { traceHeaders } = await import('@roundhouse/protocols/smtp');
    const reader = new HeadReader();
    const text = reader.through(message.text);
    const trace = traceHeaders(message, peer, { hostname: this.#hostname, clock });
    const name = this.#nextName();
    const pending = await mailbox?.write(name, behind(trace, text), scope);
    if (pending === undefined) for await (const _ of text) scope.throwIfEnded();
    try {
      const summary = await summaryOf(message, peer, reader, pending?.file ?? null);
      const notice: MailNotice = { name, summary, pending: pending?.place ?? null };
      await outbox.add(notice);
      await pending?.commit(summary);
      this.#kept = { messages: this.#kept.messages + 1, bytes: this.#kept.bytes + trace.length + summary.bytes };
      teller.tell(notice);
      log.debug('message taken', { notice: name, bytes: summary.bytes });
      return undefined;
    } catch (error) {
      log.error('a message could not be kept', { reason: String(error) });
      // Without the message it would look like one that was taken: that goes last, and else the next start sees to both.
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
    const { mailbox, clock } = this.#deps;
    if (mailbox === undefined || this.#isBelow()) return true;
    if (this.#counting === undefined && clock.monotonic() - this.#countedAt >= RECOUNT_MS) {
      this.#countedAt = clock.monotonic();
      this.#counting = this.#count(mailbox).finally(() => {
        this.#counting = undefined;
      });
    }
    await this.#counting;
    return this.#isBelow();
  }

  #isBelow(): boolean {
    return this.#kept.messages < this.#bounds.messages && this.#kept.bytes < this.#bounds.bytes;
  }

  async #count(mailbox: Mailbox): Promise<void> {
    const { messages, bytes } = await mailbox.figures();
    this.#kept = { messages, bytes };
  }
}

interface Kept {
  readonly messages: number;
  readonly bytes: number;
}

function boundsOf({ maxKept = 10_000, maxKeptBytes = Infinity }: MailLiveOptions): Kept {
  return { messages: maxKept, bytes: maxKeptBytes };
}

async function* behind(head: string, text: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield Buffer.from(head);
  yield* text;
}
