import type { RoundhouseError, Scope } from '@roundhouse/core';
import { ByteReader, netError, type NetPhase, type TlsClientOptions, type Transport } from '@roundhouse/net';

export interface LineConnectionEvents {
  /** The connection is over; told once. */
  readonly closed?: (error?: RoundhouseError) => void;
  /** The peer has ended its direction. */
  readonly ended?: () => void;
}

/** A connection on which lines go both ways, and texts. It owns the transport. */
export class LineConnection {
  readonly protocol: string;
  readonly transport: Transport;
  readonly reader: ByteReader;
  /** What the connection is doing, for errors. */
  phase: NetPhase = 'greeting';
  /** Whom to tell; a session takes it over when the connection stands. */
  events: LineConnectionEvents = {};
  #error: RoundhouseError | undefined;

  constructor(protocol: string, transport: Transport) {
    this.protocol = protocol;
    this.transport = transport;
    this.reader = new ByteReader(transport, {
      protocol,
      onEnded: () => this.events.ended?.(),
      onClosed: (error) => {
        this.#error = error;
        this.events.closed?.(error);
      },
    });
  }

  get peer(): string {
    return this.transport.peer;
  }

  /** The next line without its end; `maxBytes` bounds it with its end. */
  line(maxBytes: number, scope: Scope, what?: string): Promise<Uint8Array> {
    return this.reader.line(maxBytes, scope, what);
  }

  /**
   * Writes, and waits until the peer takes it when too much waits already. `handedOver` is called when the operating
   * system has the bytes. Rejects with what ended the connection, or the reason of the scope.
   */
  async write(bytes: Uint8Array, scope: Scope, handedOver?: () => void): Promise<void> {
    scope.throwIfEnded();
    const { promise, resolve } = Promise.withResolvers<void>();
    const goesOn = this.transport.write(bytes, () => {
      if (this.transport.state === 'open') handedOver?.();
      resolve();
    });
    if (!goesOn) await scope.race(promise);
    if (this.transport.state !== 'open') throw this.#error ?? this.lost('it is no longer open');
  }

  /** Writes lines, each with its end. */
  writeLines(lines: readonly string[], scope: Scope): Promise<void> {
    return this.write(Buffer.from(`${lines.join('\r\n')}\r\n`), scope);
  }

  /**
   * Puts TLS on the connection, whose peer has agreed to it. What came behind the agreement was never protected, and
   * may be somebody else's: then there is no TLS (RFC 3207 §6, CVE-2011-0411).
   */
  async startTls(options: TlsClientOptions, scope: Scope): Promise<void> {
    this.phase = 'tls';
    if (this.reader.buffered > 0) {
      throw this.tlsRefused('it sent something behind its agreement, before TLS had begun');
    }
    await this.transport.upgradeTls(options, scope);
  }

  tlsRefused(reason: string): RoundhouseError {
    return netError('TLS_REFUSED', { phase: 'tls', peer: this.peer, protocol: this.protocol, details: { reason } });
  }

  /** The peer does not speak the protocol. */
  violation(reason: string): RoundhouseError {
    const { peer, phase, protocol } = this;
    return netError('PROTOCOL_VIOLATION', { phase, peer, protocol, details: { reason } });
  }

  lost(reason: string): RoundhouseError {
    const { peer, phase, protocol } = this;
    return netError('CONNECTION_LOST', { phase, peer, protocol, details: { reason } });
  }

  /** Runs a step with a time of its own; the end of that is a TIMEOUT. */
  async within<T>(timeoutMs: number, what: string, scope: Scope, run: (own: Scope) => Promise<T>): Promise<T> {
    using own = scope.child({ what, timeoutMs });
    try {
      return await run(own);
    } catch (error) {
      const { code } = error as { readonly code?: string };
      if (code !== 'DEADLINE_EXCEEDED' || scope.signal.aborted) throw error;
      const { peer, phase, protocol } = this;
      throw netError('TIMEOUT', { phase, peer, protocol, details: { timeout_ms: timeoutMs, what }, cause: error });
    }
  }
}
