import { coreError, isRoundhouseError, type RoundhouseError, type Scope } from '@roundhouse/core';
import { netError } from '@roundhouse/net';
import { LineCheck, type LineFault } from '../mail/textDecoder.ts';
import { ANSWERS } from './answer.ts';
import type { SmtpAnswer } from './command.ts';

/** Where the text of a message comes from: a text that ends with a dot, or counted pieces. */
export interface TextSource {
  /** The next piece, which belongs to whoever asked; undefined at the end. */
  next(): Promise<Uint8Array | undefined>;
}

export interface TextLimits {
  readonly maxMessageBytes: number;
  readonly maxLineBytes: number;
}

/** What a text may not be, and the answer to it. */
type TextFault = LineFault | 'tooLarge';

const FAULT_ANSWERS: Readonly<Record<TextFault, SmtpAnswer>> = {
  bareCr: ANSWERS.bareLineEnd,
  bareLf: ANSWERS.bareLineEnd,
  longLine: ANSWERS.longLine,
  tooLarge: ANSWERS.tooLarge,
};

/**
 * The text of a message while it comes. It may be read once; who reads slowly slows the client down. Reading rejects
 * when the text turns out to be unacceptable, or the client is lost: what was read before is not a message then.
 */
export class IncomingText implements AsyncIterable<Uint8Array> {
  readonly #source: TextSource;
  readonly #limits: TextLimits;
  readonly #check: LineCheck;
  readonly #peer: string;
  #bytes = 0;
  #isRead = false;
  #isOver = false;
  #fault: TextFault | undefined;
  #lost: RoundhouseError | undefined;
  #pending: Promise<Uint8Array | undefined> | undefined;

  constructor(source: TextSource, limits: TextLimits, peer: string) {
    this.#source = source;
    this.#limits = limits;
    this.#check = new LineCheck(limits.maxLineBytes);
    this.#peer = peer;
  }

  /** Bytes so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Why the text is refused, if it is. */
  get refusal(): SmtpAnswer | undefined {
    return this.#fault && FAULT_ANSWERS[this.#fault];
  }

  /** Whether somebody else may have seen its end elsewhere: a line of it ended with a bare CR or LF. */
  get isAmbiguous(): boolean {
    return this.#fault === 'bareCr' || this.#fault === 'bareLf';
  }

  /** What ended the text before its end, if something did. */
  get lost(): RoundhouseError | undefined {
    return this.#lost;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    if (this.#isRead) throw coreError('INTERNAL', { details: { reason: 'the text of a message is read twice' } });
    this.#isRead = true;
    for (;;) {
      const piece = await this.#next();
      if (this.#fault !== undefined) throw this.#refused(this.#fault);
      if (piece === undefined) return;
      yield piece;
    }
  }

  /**
   * Reads what nobody has read, up to the end of the text, and drops it. Whether it came to the end: not when the client
   * sends more than twice what is allowed.
   */
  async discard(): Promise<boolean> {
    for (;;) {
      if (this.#bytes > this.#limits.maxMessageBytes * 2) return false;
      if ((await this.#next()) === undefined) return true;
    }
  }

  /** One piece at a time, also when a reader was left behind that still waits for one. */
  async #next(): Promise<Uint8Array | undefined> {
    while (this.#pending !== undefined) await this.#pending.catch(() => {});
    if (this.#lost !== undefined) throw this.#lost;
    if (this.#isOver) return undefined;
    this.#pending = this.#source.next();
    try {
      const piece = await this.#pending;
      this.#examine(piece);
      return piece;
    } catch (error) {
      this.#lost = isRoundhouseError(error) ? error : coreError('INTERNAL', { cause: error });
      throw error;
    } finally {
      this.#pending = undefined;
    }
  }

  #examine(piece: Uint8Array | undefined): void {
    if (piece === undefined) {
      this.#isOver = true;
      this.#fault ??= this.#check.end();
      return;
    }
    this.#bytes += piece.byteLength;
    if (this.#fault !== undefined) return;
    if (this.#bytes > this.#limits.maxMessageBytes) this.#fault = 'tooLarge';
    else this.#fault = this.#check.push(piece);
  }

  #refused(fault: TextFault): RoundhouseError {
    const place = { protocol: 'smtp', phase: 'read', peer: this.#peer } as const;
    if (fault === 'tooLarge') {
      const details = { what: 'a message', limit: this.#limits.maxMessageBytes, unit: 'bytes' };
      return netError('MESSAGE_TOO_LARGE', { ...place, details });
    }
    const reason = fault === 'longLine' ? 'a line is too long' : 'a line does not end with CRLF';
    return netError('PROTOCOL_VIOLATION', { ...place, details: { reason } });
  }
}

/** All of it at once, for small ones. Rejects as reading does. */
export async function readWhole(text: AsyncIterable<Uint8Array>, scope: Scope): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of text) {
    scope.throwIfEnded();
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
