import { coreError, type RoundhouseError, type Scope } from '@roundhouse/core';

/** Text or bytes, as the peer sent it. */
export type WebSocketMessage = string | Uint8Array;

export interface InboxLimits {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

interface Waiting {
  resolve(message: WebSocketMessage | undefined): void;
  reject(error: RoundhouseError): void;
}

interface Entry {
  readonly message: WebSocketMessage;
  readonly bytes: number;
}

/** Entries that have been taken are dropped from the front of the array when they are so many. */
const COMPACT_AT = 32;

/** Messages that have come and were not taken yet. */
export class Inbox {
  readonly #limits: InboxLimits;
  readonly #onRoom: () => void;
  #entries: Entry[] = [];
  #from = 0;
  #bytes = 0;
  #waiting: Waiting | undefined;
  #end: { readonly error: RoundhouseError | undefined } | undefined;

  /** `onRoom` is told when there is room again, after `isFull`. */
  constructor(limits: InboxLimits, onRoom: () => void) {
    this.#limits = limits;
    this.#onRoom = onRoom;
  }

  get isFull(): boolean {
    return this.#entries.length - this.#from >= this.#limits.maxMessages || this.#bytes >= this.#limits.maxBytes;
  }

  put(message: WebSocketMessage, bytes: number): void {
    if (this.#end !== undefined) return;
    const waiting = this.#waiting;
    if (waiting === undefined) {
      this.#entries.push({ message, bytes });
      this.#bytes += bytes;
    } else {
      this.#waiting = undefined;
      waiting.resolve(message);
    }
  }

  /** Nothing more will come; what is there can still be taken. The error is for who takes more. Idempotent. */
  close(error?: RoundhouseError): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (error === undefined) waiting?.resolve(undefined);
    else waiting?.reject(error);
  }

  /** The next message; undefined at the end. One may wait at a time. */
  async take(scope?: Scope): Promise<WebSocketMessage | undefined> {
    scope?.throwIfEnded();
    const entry = this.#entries[this.#from];
    if (entry !== undefined) return this.#taken(entry);
    if (this.#end !== undefined) {
      if (this.#end.error !== undefined) throw this.#end.error;
      return undefined;
    }
    if (this.#waiting !== undefined) {
      throw coreError('INTERNAL', { details: { reason: 'two readers of one WebSocket' } });
    }
    const { promise, resolve, reject } = Promise.withResolvers<WebSocketMessage | undefined>();
    const waiting = { resolve, reject };
    this.#waiting = waiting;
    const leave = scope?.onEnd((reason) => {
      if (this.#waiting === waiting) this.#waiting = undefined;
      reject(reason);
    });
    try {
      return await promise;
    } finally {
      leave?.();
    }
  }

  #taken({ message, bytes }: Entry): WebSocketMessage {
    const wasFull = this.isFull;
    this.#bytes -= bytes;
    this.#from += 1;
    if (this.#from === this.#entries.length || this.#from >= COMPACT_AT) {
      this.#entries = this.#entries.slice(this.#from);
      this.#from = 0;
    }
    if (wasFull && !this.isFull) this.#onRoom();
    return message;
  }
}
