import type { Scope } from '@roundhouse/core';
import { netError } from '@roundhouse/net';
import type { ResponseUse } from './dialogue.ts';
import { messageOf } from './message.ts';
import type { ImapValue } from './response.ts';
import { listOf, pairsOf } from './value.ts';

/** Receives one text of one message, and hands it on while it comes. */
export class TextReceiver<T> implements ResponseUse {
  readonly #uid: number;
  /** `BODY[1.2]` */
  readonly #item: string;
  readonly #maxBytes: number;
  readonly #peer: string;
  readonly #scope: Scope;
  readonly #use: (text: AsyncIterable<Uint8Array>) => Promise<T>;
  #found: { readonly used: T } | undefined;

  constructor(
    wanted: { readonly uid: number; readonly section: string; readonly maxBytes: number; readonly peer: string },
    use: (text: AsyncIterable<Uint8Array>) => Promise<T>,
    scope: Scope,
  ) {
    this.#uid = wanted.uid;
    this.#item = `BODY[${wanted.section}]`;
    this.#maxBytes = wanted.maxBytes;
    this.#peer = wanted.peer;
    this.#use = use;
    this.#scope = scope;
  }

  /** What came of it. Raises PEER_NOT_FOUND when nothing came. */
  result(): T {
    if (this.#found !== undefined) return this.#found.used;
    const details = { what: `${this.#item} of a message with the UID ${this.#uid}` };
    throw netError('PEER_NOT_FOUND', { protocol: 'imap', peer: this.#peer, phase: 'request', sent: 'all', details });
  }

  readonly streams: NonNullable<ResponseUse['streams']> = ({ section }) =>
    this.#found === undefined && section !== null && this.#isWanted(section);

  readonly literal: NonNullable<ResponseUse['literal']> = async (pieces, bytes) => {
    if (bytes > this.#maxBytes) {
      const details = { what: 'a message', limit: this.#maxBytes, unit: 'bytes' };
      throw netError('MESSAGE_TOO_LARGE', { protocol: 'imap', peer: this.#peer, phase: 'read', details });
    }
    // Without a `return`: who leaves a loop early leaves the rest to be dropped, not the connection.
    const text = { [Symbol.asyncIterator]: () => ({ next: () => pieces.next() }) };
    this.#found = { used: await this.#scope.race(this.#use(text)) };
    for (;;) if ((await pieces.next()).done === true) return;
  };

  /** A short text may come as a quoted string. */
  readonly data: NonNullable<ResponseUse['data']> = async (response) => {
    if (response.name !== 'FETCH' || this.#found !== undefined) return;
    messageOf(response);
    const items = pairsOf(listOf(response.values[0], 'FETCH'), 'FETCH');
    const value: ImapValue | undefined = [...items].find(([name]) => this.#isWanted(name))?.[1];
    if (value instanceof Uint8Array) await this.literal(once(value), value.byteLength);
  };

  /** With `<0>` behind it when a part of it was asked. */
  #isWanted(name: string): boolean {
    return name === this.#item || name.startsWith(`${this.#item}<`);
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.byteLength > 0) yield bytes;
}

export async function whole(text: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of text) pieces.push(piece);
  return Buffer.concat(pieces);
}
