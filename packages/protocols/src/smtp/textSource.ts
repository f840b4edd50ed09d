import { coreError, type Scope } from '@roundhouse/core';
import { WireTextDecoder } from '../mail/textDecoder.ts';
import { ANSWERS } from './answer.ts';
import type { SmtpChannel } from './channel.ts';
import type { SmtpCommand } from './command.ts';
import type { TextSource } from './incomingText.ts';

/** Most that is passed on at once. */
const PIECE_BYTES = 65_536;

/** How long to wait for the next piece, ms; asked each time. */
export type WaitMs = () => number;

/** The text behind DATA: up to a line of a dot alone. */
export function dottedSource({ connection }: SmtpChannel, waitMs: WaitMs, scope: Scope): TextSource {
  const decoder = new WireTextDecoder();
  const { reader } = connection;
  return {
    async next() {
      while (!decoder.isOver) {
        const arrived = await connection.within(waitMs(), 'The message', scope, (own) => reader.peek(own));
        if (arrived === undefined) throw connection.lost('it ended in the middle of a message');
        const { text, consumed } = decoder.push(arrived.subarray(0, PIECE_BYTES));
        reader.skip(consumed);
        if (text.byteLength > 0) return text;
      }
      return undefined;
    },
  };
}

type Bdat = Extract<SmtpCommand, { verb: 'BDAT' }>;

/** The text of counted pieces, each announced by BDAT and answered when it has been read. RFC 3030 */
export class PieceSource implements TextSource {
  readonly #channel: SmtpChannel;
  readonly #waitMs: WaitMs;
  readonly #scope: Scope;
  #left: number;
  #isLast: boolean;
  #other: SmtpCommand | undefined;

  constructor(first: Bdat, channel: SmtpChannel, waitMs: WaitMs, scope: Scope) {
    this.#channel = channel;
    this.#waitMs = waitMs;
    this.#scope = scope;
    this.#left = first.bytes;
    this.#isLast = first.isLast;
  }

  /** What the client said instead of the next piece: it has given the message up. */
  get other(): SmtpCommand | undefined {
    return this.#other;
  }

  async next(): Promise<Uint8Array | undefined> {
    while (this.#left === 0) {
      if (this.#isLast) return undefined;
      await this.#channel.say({ ...ANSWERS.ok, text: 'The piece is taken' }, this.#scope);
      await this.#announced();
    }
    const { connection } = this.#channel;
    const most = Math.min(this.#left, PIECE_BYTES);
    const piece = await connection.within(this.#waitMs(), 'The message', this.#scope, (own) =>
      connection.reader.some(most, own),
    );
    if (piece === undefined) throw connection.lost('it ended in the middle of a message');
    this.#left -= piece.byteLength;
    return piece;
  }

  async #announced(): Promise<void> {
    for (;;) {
      const command = await this.#channel.command(this.#scope);
      if (command === undefined) throw this.#channel.connection.lost('it ended in the middle of a message');
      if (command.verb === 'BDAT') {
        this.#left = command.bytes;
        this.#isLast = command.isLast;
        return;
      }
      if (['RSET', 'QUIT', 'EHLO', 'HELO'].includes(command.verb)) {
        this.#other = command;
        throw coreError('CANCELLED');
      }
      await this.#channel.say(command.verb === 'NOOP' ? ANSWERS.ok : ANSWERS.badSequence, this.#scope);
    }
  }
}
