import type { RoundhouseError, Scope } from '@roundhouse/core';
import { netError, type Sent } from '@roundhouse/net';
import type { LineConnection } from '../mail/lineConnection.ts';
import type { CommandPart, LiteralPart } from './command.ts';
import { byeError, type Completion, completionError } from './completion.ts';
import {
  type AnnouncedLiteral,
  type DataResponse,
  type ImapCode,
  type ImapResponse,
  ResponseParser,
} from './response.ts';
import { invalid } from './uidSet.ts';
import { UnexpectedForm } from './value.ts';

/** Most that is passed on at once. */
const PIECE_BYTES = 65_536;
const MAX_LINE_BYTES = 1_048_576;
const NO_BYTES = new Uint8Array();

export interface ImapWaits {
  /** For each response, ms. */
  readonly answerMs: number;
  /** Between two pieces of a text, ms. */
  readonly idleMs: number;
}

/** What is done with what comes before the answer to a command. */
export interface ResponseUse {
  /** Nothing further is read before it is done. */
  readonly data?: (response: DataResponse) => void | Promise<void>;
  /** The server waits: the line that goes to it. */
  readonly more?: (text: string) => string;
  /** Whether a string is to be streamed. */
  readonly streams?: (literal: AnnouncedLiteral) => boolean;
  /** Has to read all the pieces. */
  readonly literal?: (pieces: AsyncGenerator<Uint8Array>, bytes: number) => Promise<void>;
  /** Of all responses to one command, streamed strings apart. Default: that of one response. */
  readonly maxBytes?: number;
  readonly sent?: (sent: Sent) => void;
}

/** Commands, answers and what comes between them, on a connection. */
export class ImapDialogue {
  readonly connection: LineConnection;
  readonly #waits: ImapWaits;
  readonly #maxResponseBytes: number;
  readonly #letter: string;
  readonly #parser = new ResponseParser();
  /** Most bytes of a literal that go without asking. RFC 7888 */
  maxUnaskedBytes = 0;
  /** Told of all that is no answer. */
  heard: (response: DataResponse | ImapCode) => void = () => {};
  #tags = 0;
  #isOwed = false;
  /** Of the command under way. */
  #taken = 0;
  #most = 0;
  #isLeaving = false;

  /** Tags begin with the letter, so that no two commands on a connection have the same. */
  constructor(connection: LineConnection, waits: ImapWaits, maxResponseBytes: number, letter: string) {
    this.connection = connection;
    this.#waits = waits;
    this.#maxResponseBytes = maxResponseBytes;
    this.#letter = letter;
  }

  /** Whether an answer is to come that nobody has read. */
  get isOwed(): boolean {
    return this.#isOwed;
  }

  /** The first words. */
  greeting(scope: Scope): Promise<ImapResponse> {
    this.#most = this.#maxResponseBytes;
    return this.#next({}, scope);
  }

  /** Sends a command and reads its answer, whatever that is. */
  async exchange(parts: readonly CommandPart[], use: ResponseUse, scope: Scope): Promise<Completion> {
    scope.throwIfEnded();
    const tag = this.#begin(use);
    const codes: ImapCode[] = [];
    use.sent?.('maybe');
    const early = await this.#send(tag, parts, codes, use, scope);
    use.sent?.('all');
    return early ?? this.#answer(tag, codes, use, scope, false);
  }

  /** As `exchange`, for a command that has to succeed. Rejects with what the answer means. */
  async ask(parts: readonly CommandPart[], use: ResponseUse, scope: Scope): Promise<Completion> {
    const completion = await this.exchange(parts, use, scope);
    if (completion.status === 'OK') return completion;
    throw completionError(completion, this.connection.peer, this.connection.phase);
  }

  /**
   * IDLE: hears what comes until `isOver` ends. I/O belongs to `scope`, which is to live on: the server is told when it
   * is over. RFC 9051 §6.3.13
   */
  async idle(isOver: Scope, scope: Scope, sent: (sent: Sent) => void): Promise<void> {
    const use: ResponseUse = { sent };
    const tag = this.#begin(use);
    const codes: ImapCode[] = [];
    sent('maybe');
    await this.connection.write(Buffer.from(`${tag} IDLE\r\n`), scope);
    sent('all');
    const refused = await this.#answer(tag, codes, use, scope, true);
    if (refused !== undefined) throw completionError(refused, this.connection.peer, this.connection.phase);
    for (;;) {
      // Looks, and takes nothing: whatever begins to come is read whole.
      const arrived = await whileItLasts(isOver, () => this.connection.reader.peek(isOver));
      if (arrived === 'over') break;
      this.#taken = 0;
      const response = await this.#next(use, scope);
      await this.#understand(async () => this.#untagged(response, codes));
    }
    await this.connection.write(Buffer.from('DONE\r\n'), scope);
    this.#taken = 0;
    await this.#answer(tag, codes, use, scope, false);
  }

  /** LOGOUT. RFC 9051 §6.1.4 */
  async logOut(scope: Scope): Promise<void> {
    this.#isLeaving = true;
    await this.exchange(['LOGOUT'], {}, scope);
  }

  #begin({ maxBytes }: ResponseUse): string {
    this.#isOwed = true;
    this.#taken = 0;
    this.#most = maxBytes ?? this.#maxResponseBytes;
    this.#tags += 1;
    return `${this.#letter}${this.#tags}`;
  }

  /** Resolves to the answer when it came before all of the command was sent. */
  async #send(
    tag: string,
    parts: readonly CommandPart[],
    codes: ImapCode[],
    use: ResponseUse,
    scope: Scope,
  ): Promise<Completion | undefined> {
    let text = `${tag} `;
    for (const part of parts) {
      if (typeof part === 'string') {
        text += part;
        continue;
      }
      const isUnasked = part.bytes <= this.maxUnaskedBytes;
      await this.#write(Buffer.from(`${text}{${part.bytes}${isUnasked ? '+' : ''}}\r\n`), scope);
      text = '';
      if (!isUnasked) {
        const refused = await this.#answer(tag, codes, use, scope, true);
        if (refused !== undefined) return refused;
      }
      await this.#sendLiteral(part, scope);
    }
    await this.#write(Buffer.from(`${text}\r\n`), scope);
    return undefined;
  }

  /** Another number of bytes than was announced would make the rest a command: then the connection is given up. */
  async #sendLiteral({ bytes, chunks }: LiteralPart, scope: Scope): Promise<void> {
    let left = bytes;
    const source = toAsync(chunks);
    try {
      for (;;) {
        const next = await scope.race(source.next());
        if (next.done === true) break;
        left -= next.value.byteLength;
        if (left < 0) throw invalid(`a text has more than the ${bytes} bytes that were said`);
        // The transport owns what it is given; this may be the caller's.
        await this.#write(Buffer.from(next.value), scope);
      }
    } finally {
      // Not waited for: a source that hangs would hold back the failure.
      source.return(undefined).catch(() => {});
    }
    if (left > 0) throw invalid(`a text has ${bytes - left} bytes, and ${bytes} were said`);
  }

  #write(bytes: Uint8Array, scope: Scope): Promise<void> {
    return this.connection.within(this.#waits.idleMs, 'Sending', scope, (own) => this.connection.write(bytes, own));
  }

  #answer(tag: string, codes: ImapCode[], use: ResponseUse, scope: Scope, orMore: false): Promise<Completion>;
  #answer(
    tag: string,
    codes: ImapCode[],
    use: ResponseUse,
    scope: Scope,
    orMore: true,
  ): Promise<Completion | undefined>;
  /** The answer; undefined when the server waits for more, and that is what was asked. */
  async #answer(
    tag: string,
    codes: ImapCode[],
    use: ResponseUse,
    scope: Scope,
    orMore: boolean,
  ): Promise<Completion | undefined> {
    for (;;) {
      const response = await this.#next(use, scope);
      if (response.kind === 'continue') {
        if (orMore) return undefined;
        if (use.more === undefined) throw this.connection.violation('it waits for more of a command that is whole');
        await this.#write(Buffer.from(`${use.more(response.text)}\r\n`), scope);
      } else if (response.kind === 'status' && response.tag === tag && response.status !== 'BYE') {
        this.#isOwed = false;
        const { status, code, text } = response;
        if (code !== null) this.heard(code);
        return { status, code, text, codes: code === null ? codes : [...codes, code] };
      } else {
        await this.#understand(async () => {
          this.#untagged(response, codes);
          if (response.kind === 'data') await use.data?.(response);
        });
      }
    }
  }

  async #understand(read: () => Promise<void>): Promise<void> {
    try {
      await read();
    } catch (error) {
      throw error instanceof UnexpectedForm ? this.connection.violation(error.message) : error;
    }
  }

  #untagged(response: ImapResponse, codes: ImapCode[]): void {
    if (response.kind === 'data') return this.heard(response);
    if (response.kind === 'continue' || response.tag !== '*') {
      throw this.connection.violation('it answers a command that was not given');
    }
    if (response.status === 'BYE' && !this.#isLeaving) throw this.#bye(response.text);
    if (response.code === null) return;
    codes.push(response.code);
    this.heard(response.code);
  }

  #bye(text: string): RoundhouseError {
    return byeError(text, this.connection.peer, this.connection.phase);
  }

  async #next(use: ResponseUse, scope: Scope): Promise<ImapResponse> {
    for (;;) {
      const line = await this.connection.within(this.#waits.answerMs, 'The answer', scope, (own) =>
        this.connection.line(MAX_LINE_BYTES, own, 'one line of an answer'),
      );
      this.#count(line.byteLength);
      const step = this.#parser.line(line);
      if (step.kind === 'violation') throw this.connection.violation(step.reason);
      if (step.kind === 'response') return step.response;
      if (use.literal !== undefined && use.streams?.(step) === true) {
        await use.literal(this.#pieces(step.bytes, scope), step.bytes);
        this.#parser.literal(NO_BYTES);
      } else {
        this.#count(step.bytes);
        const pieces: Uint8Array[] = [];
        for await (const piece of this.#pieces(step.bytes, scope)) pieces.push(piece);
        this.#parser.literal(Buffer.concat(pieces));
      }
    }
  }

  /** A string as it comes, each piece the reader's own. */
  async *#pieces(bytes: number, scope: Scope): AsyncGenerator<Uint8Array> {
    const { connection } = this;
    for (let left = bytes; left > 0; ) {
      const most = Math.min(left, PIECE_BYTES);
      const piece = await connection.within(this.#waits.idleMs, 'The text', scope, (own) =>
        connection.reader.some(most, own),
      );
      if (piece === undefined) throw connection.lost('it ended in the middle of a text');
      left -= piece.byteLength;
      yield piece;
    }
  }

  #count(bytes: number): void {
    this.#taken += bytes;
    if (this.#taken <= this.#most) return;
    const { peer, phase, protocol } = this.connection;
    const details = { what: 'an answer', limit: this.#most, unit: 'bytes' };
    throw netError('MESSAGE_TOO_LARGE', { phase, peer, protocol, details });
  }
}

/** What a wait gives, or that its scope is over, which is no failure here. */
async function whileItLasts<T>(scope: Scope, wait: () => Promise<T>): Promise<T | 'over'> {
  try {
    scope.throwIfEnded();
    return await wait();
  } catch (error) {
    if (scope.signal.aborted) return 'over';
    throw error;
  }
}

async function* toAsync(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
