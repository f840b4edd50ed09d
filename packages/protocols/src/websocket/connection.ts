import { type RoundhouseError, type Scope } from '@roundhouse/core';
import {
  CoreSession,
  type DrainOptions,
  netError,
  type NetRuntime,
  type Role,
  SessionCore,
  type Timeouts,
  type Transport,
  type TransportHandler,
} from '@roundhouse/net';
import { CLOSE, checkClose, type WebSocketEnd } from './closeCode.ts';
import type { BoundedDeflate } from './compression.ts';
import type { Engine } from './engine.ts';
import { Framing } from './framing.ts';
import type { WebSocketMessage } from './inbox.ts';
import type { WebSocketLimits } from './options.ts';

export const PROTOCOL = 'websocket';

/** What a connection is to be when its handshake is over. */
export interface OpenedWebSocket {
  readonly engine: Engine;
  readonly subprotocol: string | null;
  readonly deflate: BoundedDeflate | undefined;
  readonly limits: WebSocketLimits;
  readonly hasHeartbeat: boolean;
}

export interface WebSocketCoreInit {
  readonly role: Role;
  readonly transport: Transport;
  readonly runtime: NetRuntime;
  readonly timeouts: Timeouts;
  readonly openedInMs: number;
}

/** The session of a connection, from before its handshake on a server, from behind it on a client. */
export class WebSocketCore {
  readonly session: SessionCore;
  readonly init: WebSocketCoreInit;
  #framing: Framing | undefined;
  #goodBye: { readonly code: number; readonly reason: string };
  /** Where there is no WebSocket: an answer has been written, and is to arrive. */
  isAnswered = false;

  constructor(init: WebSocketCoreInit) {
    const { role, transport, runtime, timeouts, openedInMs } = init;
    this.init = init;
    this.#goodBye = { code: role === 'server' ? CLOSE.GoingAway : CLOSE.Normal, reason: '' };
    this.session = new SessionCore({
      protocol: PROTOCOL,
      role,
      peer: transport.peer,
      tls: transport.tls,
      runtime,
      timeouts,
      openedInMs,
      isExclusive: false,
      destroy: (error) => {
        if (this.#framing !== undefined) this.#framing.release(error);
        else if (this.isAnswered) void transport.close();
        else transport.destroy(error);
      },
      goodBye: async (scope) => this.#framing?.goodBye(this.#goodBye.code, this.#goodBye.reason, scope),
    });
  }

  open(opened: OpenedWebSocket): { readonly connection: WebSocketConnection; readonly handler: TransportHandler } {
    const { engine, deflate, limits, hasHeartbeat } = opened;
    const { role, transport, runtime, timeouts } = this.init;
    const core = this.session;
    const framing = new Framing({ engine, core, role, transport, runtime, timeouts, limits, deflate, hasHeartbeat });
    this.#framing = framing;
    const connection = new WebSocketConnection({
      core,
      transport,
      runtime,
      framing,
      opened,
      setGoodBye: (code, reason) => (this.#goodBye = { code, reason }),
    });
    return { connection, handler: framing.handler };
  }
}

interface ConnectionInit {
  readonly core: SessionCore;
  readonly transport: Transport;
  readonly runtime: NetRuntime;
  readonly framing: Framing;
  readonly opened: OpenedWebSocket;
  readonly setGoodBye: (code: number, reason: string) => void;
}

/**
 * A WebSocket (RFC 6455), whichever side has made it. Messages are taken by iterating or by `receive`, one reader at a
 * time; while too many wait to be taken nothing is read from the peer.
 */
export class WebSocketConnection extends CoreSession {
  /** What was agreed on; null for none. */
  readonly subprotocol: string | null;
  /** Whether messages are compressed (RFC 7692). */
  readonly isCompressed: boolean;
  /** Resolves when it is over, with what was said at the end; never rejects. */
  readonly ended: Promise<WebSocketEnd>;
  readonly #init: ConnectionInit;

  constructor(init: ConnectionInit) {
    super(init.core);
    this.#init = init;
    this.subprotocol = init.opened.subprotocol;
    this.isCompressed = init.opened.deflate !== undefined;
    this.ended = init.framing.ended;
  }

  /** Bytes of messages that the system has not taken yet, with the heads of their frames. */
  get bufferedBytes(): number {
    return this.#init.framing.bufferedBytes;
  }

  /**
   * Sends a message: text as text, bytes as binary; bytes are borrowed until it settles. Resolves when the system has
   * taken it. Rejects with WRITE_OVERFLOW (nothing was sent), TIMEOUT, DRAINING, CONNECTION_CLOSED, CONNECTION_LOST or
   * the reason of the scope; a message that is given up is sent nevertheless when the peer reads again.
   */
  send(message: WebSocketMessage, scope: Scope): Promise<void> {
    const isBinary = typeof message !== 'string';
    const bytes = isBinary ? Buffer.from(message.buffer, message.byteOffset, message.byteLength) : Buffer.from(message);
    return this.core.operate('send', scope, async (operation) => {
      await operation.scope.race(this.#init.framing.send(bytes, isBinary, () => operation.sent('maybe')));
      operation.sent('all');
    });
  }

  /**
   * The next message; undefined when the connection has ended as it should. Rejects with what the connection failed
   * with, TIMEOUT at the deadline of the scope, or its reason.
   */
  async receive(scope: Scope): Promise<WebSocketMessage | undefined> {
    try {
      return await this.#init.framing.inbox.take(scope);
    } catch (error) {
      const { code, details } = error as RoundhouseError;
      if (code !== 'DEADLINE_EXCEEDED') throw error;
      const { peer } = this;
      throw netError('TIMEOUT', { protocol: PROTOCOL, phase: 'read', peer, details: { ...details }, cause: error });
    }
  }

  /** Messages until the connection ends; throws what it failed with. To leave the loop leaves the connection open. */
  async *[Symbol.asyncIterator](): AsyncGenerator<WebSocketMessage, void, undefined> {
    for (;;) {
      const message = await this.#init.framing.inbox.take();
      if (message === undefined) return;
      yield message;
    }
  }

  /** Resolves with the time that an answer to a ping took, ms. */
  ping(scope: Scope): Promise<number> {
    const { clock } = this.#init.runtime;
    return this.core.operate('ping', scope, async (operation) => {
      const startedAt = clock.monotonic();
      operation.sent('maybe');
      await this.#init.framing.ping(operation.scope);
      return clock.monotonic() - startedAt;
    });
  }

  /**
   * The closing handshake with a code (1000 … 1014 of the standard that may be sent, 3000 … 4999) and a reason of up to
   * 123 bytes; what is being sent is finished first. Resolves with what the peer said. Raises NET_OPTION_INVALID.
   */
  async close(code: number = CLOSE.Normal, reason = '', options?: DrainOptions): Promise<WebSocketEnd> {
    checkClose(code, reason);
    if (this.state === 'open') this.#init.setGoodBye(code, reason);
    await this.drain(options);
    return this.ended;
  }

  override abort(reason?: RoundhouseError): void {
    super.abort(reason);
    // Also while the last frame is on its way.
    this.#init.transport.destroy(reason);
  }
}
