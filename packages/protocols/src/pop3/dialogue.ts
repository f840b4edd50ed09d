import type { Scope } from '@roundhouse/core';
import { netError } from '@roundhouse/net';
import type { LineConnection } from '../mail/lineConnection.ts';
import { WireTextDecoder } from '../mail/textDecoder.ts';
import { parseReply, type Pop3Reply, readLine, replyError } from './reply.ts';

/** Most that is passed on at once. */
const PIECE_BYTES = 65_536;

export interface Pop3Waits {
  /** For an answer, ms. */
  readonly answerMs: number;
  /** Between two pieces of a text, ms. */
  readonly idleMs: number;
}

/** Commands, answers and texts on a connection, of which it knows whether something is owed. */
export class Pop3Dialogue {
  readonly connection: LineConnection;
  readonly #waits: Pop3Waits;
  #isOwed = false;

  constructor(connection: LineConnection, waits: Pop3Waits) {
    this.connection = connection;
    this.#waits = waits;
  }

  /** Whether an answer, or the rest of a text, is to come that nobody has read. */
  get isOwed(): boolean {
    return this.#isOwed;
  }

  /** Sends a command and reads its answer, whatever that is. */
  async exchange(command: string, scope: Scope): Promise<Pop3Reply> {
    return this.parse(await this.line(command, scope));
  }

  /** Sends a line and reads one: an answer, or a challenge of a log-in. */
  async line(command: string, scope: Scope): Promise<string> {
    this.#isOwed = true;
    await this.connection.writeLines([command], scope);
    return this.#read(scope);
  }

  /** The greeting. */
  async answer(scope: Scope): Promise<Pop3Reply> {
    return this.parse(await this.#read(scope));
  }

  /** Reads a line as an answer; one that is none leaves the connection in a state that nobody knows. */
  parse(line: string): Pop3Reply {
    const reply = parseReply(line);
    if (reply !== undefined) return reply;
    this.#isOwed = true;
    throw this.connection.violation('an answer begins with +OK or -ERR');
  }

  /** As `exchange`, for a command that has to succeed. Rejects with PEER_REFUSED, or what the response code says. */
  async ask(command: string, scope: Scope): Promise<string> {
    const reply = await this.exchange(command, scope);
    if (!reply.isOk) throw replyError(reply, this.connection.peer, this.connection.phase);
    return reply.text;
  }

  /** The text behind an answer, up to its dot, piece by piece, each the reader's own. */
  text(maxBytes: number, what: string, scope: Scope): AsyncGenerator<Uint8Array> {
    this.#isOwed = true;
    return this.#pieces(maxBytes, what, scope);
  }

  async *#pieces(maxBytes: number, what: string, scope: Scope): AsyncGenerator<Uint8Array> {
    const { connection } = this;
    const decoder = new WireTextDecoder();
    let bytes = 0;
    while (!decoder.isOver) {
      const arrived = await connection.within(this.#waits.idleMs, 'The text', scope, (own) =>
        connection.reader.peek(own),
      );
      if (arrived === undefined) throw connection.lost('it ended in the middle of a text');
      const { text, consumed } = decoder.push(arrived.subarray(0, PIECE_BYTES));
      connection.reader.skip(consumed);
      this.#isOwed = !decoder.isOver;
      bytes += text.byteLength;
      if (bytes > maxBytes) {
        this.#isOwed = true;
        const { peer, phase, protocol } = connection;
        const details = { what, limit: maxBytes, unit: 'bytes' };
        throw netError('MESSAGE_TOO_LARGE', { phase, peer, protocol, details });
      }
      if (text.byteLength > 0) yield text;
    }
  }

  /** The lines of a short text. */
  async lines(maxBytes: number, what: string, scope: Scope): Promise<string[]> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.text(maxBytes, what, scope)) pieces.push(piece);
    const lines = Buffer.concat(pieces).toString().split('\r\n');
    return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
  }

  async #read(scope: Scope): Promise<string> {
    const { connection } = this;
    const line = await connection.within(this.#waits.answerMs, 'The answer', scope, (own) => readLine(connection, own));
    this.#isOwed = false;
    return line;
  }
}
