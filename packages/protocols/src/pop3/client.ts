import type { Scope } from '@roundhouse/core';
import { netError, type NetRuntime, type Timeouts } from '@roundhouse/net';
import type { LineConnection } from '../mail/lineConnection.ts';
import { type LineOperation, LineSession } from '../mail/lineSession.ts';
import type { Pop3Capabilities } from './capabilities.ts';
import { Pop3Dialogue } from './dialogue.ts';

interface Pop3ClientInit {
  readonly connection: LineConnection;
  readonly capabilities: Pop3Capabilities;
  readonly runtime: NetRuntime;
  readonly timeouts: Timeouts;
  readonly maxMessageBytes: number;
  readonly openedInMs: number;
}

export interface MailboxSize {
  readonly messages: number;
  readonly bytes: number;
}

/** Numbers count from 1 and hold for this connection alone. */
export interface ListedMessage {
  readonly number: number;
  readonly bytes: number;
}

export interface IdentifiedMessage {
  readonly number: number;
  /** The same whenever the mailbox is opened. RFC 1939 §7 */
  readonly id: string;
}

/** Of a list: some 100,000 messages. */
const MAX_LIST_BYTES = 8_388_608;

/**
 * A mailbox that is open, and locked for others. Calls take turns. What was deleted is gone when the session ends by
 * `commit` or `drain`; when it is aborted or lost it is all still there.
 */
export class Pop3Client extends LineSession {
  readonly capabilities: Pop3Capabilities;
  readonly #dialogue: Pop3Dialogue;
  readonly #maxMessageBytes: number;
  #isCommitted = false;

  constructor({ connection, capabilities, maxMessageBytes, ...rest }: Pop3ClientInit) {
    const { requestMs, idleMs } = rest.timeouts;
    const dialogue = new Pop3Dialogue(connection, { answerMs: requestMs, idleMs });
    super({
      ...rest,
      connection,
      isOwed: () => dialogue.isOwed,
      sayGoodBye: async (scope) => {
        if (!this.#isCommitted) await dialogue.exchange('QUIT', scope);
      },
    });
    this.capabilities = capabilities;
    this.#dialogue = dialogue;
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** STAT */
  stat(scope?: Scope): Promise<MailboxSize> {
    return this.#ask('stat', 'STAT', scope, (text) => {
      const [, messages, bytes] = /^(\d{1,10}) (\d{1,15})(?: |$)/.exec(text) ?? this.#violated('STAT');
      return { messages: Number(messages), bytes: Number(bytes) };
    });
  }

  /** LIST: of all that are not deleted. */
  list(scope?: Scope): Promise<readonly ListedMessage[]> {
    return this.#listing('list', 'LIST', scope, (line) => {
      const [, number, bytes] = /^(\d{1,10}) +(\d{1,15})(?: |$)/.exec(line) ?? this.#violated('LIST');
      return { number: Number(number), bytes: Number(bytes) };
    });
  }

  /** LIST of one: its size, bytes. Rejects with PEER_REFUSED when there is none. */
  size(message: number, scope?: Scope): Promise<number> {
    return this.#ask('list', `LIST ${checked(message)}`, scope, (text) => {
      const [, bytes] = /^\d{1,10} +(\d{1,15})(?: |$)/.exec(text) ?? this.#violated('LIST');
      return Number(bytes);
    });
  }

  /** UIDL: of all that are not deleted. */
  identify(scope?: Scope): Promise<readonly IdentifiedMessage[]> {
    return this.#listing('uidl', 'UIDL', scope, (line) => {
      const [, number, id = ''] = /^(\d{1,10}) +([!-~]{1,70})$/.exec(line) ?? this.#violated('UIDL');
      return { number: Number(number), id };
    });
  }

  /** UIDL of one. Rejects with PEER_REFUSED when there is none. */
  identifierOf(message: number, scope?: Scope): Promise<string> {
    return this.#ask('uidl', `UIDL ${checked(message)}`, scope, (text) => {
      const [, id = ''] = /^\d{1,10} +([!-~]{1,70})$/.exec(text) ?? this.#violated('UIDL');
      return id;
    });
  }

  /**
   * RETR: gives the message to `use` while it comes, with CRLF, and settles as `use` does. Who reads slowly slows the
   * server down. What `use` leaves is read and dropped. Rejects with PEER_REFUSED when there is none, or
   * MESSAGE_TOO_LARGE, which costs the connection.
   */
  retrieve<T>(message: number, use: (text: AsyncIterable<Uint8Array>) => Promise<T>, scope?: Scope): Promise<T> {
    return this.#text('retrieve', `RETR ${checked(message)}`, use, scope);
  }

  /** RETR: the whole message. */
  download(message: number, scope?: Scope): Promise<Uint8Array> {
    return this.retrieve(message, whole, scope);
  }

  /** TOP: the headers, and so many lines of the body. */
  top(message: number, lines = 0, scope?: Scope): Promise<Uint8Array> {
    return this.#text('top', `TOP ${checked(message)} ${checked(lines, 0)}`, whole, scope);
  }

  /** DELE: gone at `commit` or `drain`. Rejects with PEER_REFUSED when there is none. */
  delete(message: number, scope?: Scope): Promise<void> {
    return this.#ask('delete', `DELE ${checked(message)}`, scope, () => undefined);
  }

  /** RSET: nothing is deleted. */
  reset(scope?: Scope): Promise<void> {
    return this.#ask('reset', 'RSET', scope, () => undefined);
  }

  noop(scope?: Scope): Promise<void> {
    return this.#ask('noop', 'NOOP', scope, () => undefined);
  }

  /**
   * QUIT: removes what was deleted, and closes. Rejects with PEER_REFUSED when the server could not remove all of it
   * (RFC 1939 §6).
   */
  async commit(scope?: Scope): Promise<void> {
    await this.#ask('commit', 'QUIT', scope, () => {
      this.#isCommitted = true;
    });
    await this.drain();
  }

  #ask<T>(name: string, command: string, scope: Scope | undefined, read: (text: string) => T): Promise<T> {
    return this.operate(name, scope, async (operation) => {
      return read(await this.#request(command, operation));
    });
  }

  #listing<T>(
    name: string,
    command: string,
    scope: Scope | undefined,
    read: (line: string) => T,
  ): Promise<readonly T[]> {
    return this.operate(name, scope, async (operation) => {
      await this.#request(command, operation);
      const lines = await this.#dialogue.lines(MAX_LIST_BYTES, 'a list', operation.scope);
      return lines.map(read);
    });
  }

  #text<T>(
    name: string,
    command: string,
    use: (text: AsyncIterable<Uint8Array>) => Promise<T>,
    scope: Scope | undefined,
  ): Promise<T> {
    return this.operate(name, scope, async (operation) => {
      await this.#request(command, operation);
      const pieces = this.#dialogue.text(this.#maxMessageBytes, 'a message', operation.scope);
      const used = await operation.scope.race(use(reading(pieces)));
      for (;;) if ((await pieces.next()).done === true) return used;
    });
  }

  async #request(command: string, operation: LineOperation): Promise<string> {
    operation.sent('maybe');
    const text = await this.#dialogue.ask(command, operation.scope);
    operation.sent('all');
    return text;
  }

  #violated(command: string): never {
    const details = { reason: `its answer to ${command} is not of the form of RFC 1939` };
    throw netError('PROTOCOL_VIOLATION', { protocol: 'pop3', phase: 'read', peer: this.peer, details });
  }
}

/** Without a `return`: who leaves a loop early leaves the rest to be dropped, not the connection. */
function reading(pieces: AsyncGenerator<Uint8Array>): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => ({ next: () => pieces.next() }) };
}

async function whole(text: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of text) pieces.push(piece);
  return Buffer.concat(pieces);
}

function checked(value: number, least = 1): number {
  if (Number.isInteger(value) && value >= least && value <= 2_147_483_647) return value;
  const reason = `${value} is no number of a message or of lines: a whole number from ${least}`;
  throw netError('NET_OPTION_INVALID', { protocol: 'pop3', details: { reason } });
}
