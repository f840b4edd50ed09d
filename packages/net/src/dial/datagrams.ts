import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { RoundhouseError, Scope } from '@roundhouse/core';
import { type Address, checkListenPort, formatAddress } from '../address.ts';
import { netError } from '../errors.ts';
import { systemError } from '../systemError.ts';

/** Receives what arrives. What it throws closes the port and nothing else. */
export interface DatagramHandler {
  /** `bytes` are borrowed: copy to keep. */
  message(bytes: Uint8Array, from: Address): void;
  /** Exactly once and last; with an error when the port failed. */
  closed?(error?: RoundhouseError): void;
}

/** An open UDP port. */
export interface DatagramPort extends AsyncDisposable {
  readonly local: Address;
  /** Sends one datagram to an IP address; it may be lost, also here. Never throws. */
  send(bytes: Uint8Array, to: Address): void;
  /** Idempotent; never rejects. */
  close(): Promise<void>;
}

export interface DatagramOptions {
  /** IP address to bind to. Default: any of the family of IPv4. */
  readonly host?: string;
  /** Default 0: the system chooses one at random. */
  readonly port?: number;
  /** Bytes of the system's receive buffer. */
  readonly receiveBufferBytes?: number;
}

export interface DatagramOpener {
  /** Rejects with ADDRESS_IN_USE, ADDRESS_NOT_AVAILABLE, PERMISSION_DENIED or the reason of the scope. */
  open(options: DatagramOptions, handler: DatagramHandler, scope: Scope): Promise<DatagramPort>;
}

/** UDP of the system. */
export const systemDatagrams: DatagramOpener = {
  async open({ host = '0.0.0.0', port = 0, receiveBufferBytes }, handler, scope) {
    checkListenPort(port);
    scope.throwIfEnded();
    const socket = createSocket({
      type: isIPv6(host) ? 'udp6' : 'udp4',
      // Addresses are no names: a look-up of each would cost every datagram a turn of the event loop.
      lookup: (address, _options, found) => found(null, address, isIPv6(address) ? 6 : 4),
      ...(receiveBufferBytes !== undefined && { recvBufferSize: receiveBufferBytes }),
    });
    const opened = new SystemPort(socket, handler);
    try {
      await scope.race(opened.bind(host, port));
    } catch (error) {
      await opened.close();
      throw error;
    }
    return opened;
  },
};

class SystemPort implements DatagramPort {
  readonly #socket: Socket;
  readonly #closed = Promise.withResolvers<void>();
  #local: Address = { host: '0.0.0.0', port: 0 };
  #isClosing = false;
  #error: RoundhouseError | undefined;

  constructor(socket: Socket, handler: DatagramHandler) {
    this.#socket = socket;
    socket.on('message', (bytes, { address, port }) => {
      try {
        handler.message(bytes, { host: address, port });
      } catch (error) {
        this.#fail(error);
      }
    });
    socket.on('close', () => {
      this.#closed.resolve();
      handler.closed?.(this.#error);
    });
  }

  get local(): Address {
    return this.#local;
  }

  bind(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const address = formatAddress({ host, port });
      const onError = (error: Error): void => reject(systemError(error, { phase: 'connect', address, host }));
      this.#socket.once('error', onError).bind({ address: host, port }, () => {
        this.#socket.off('error', onError).on('error', (error) => this.#fail(error));
        const bound = this.#socket.address();
        this.#local = { host: bound.address, port: bound.port };
        resolve();
      });
    });
  }

  send(bytes: Uint8Array, to: Address): void {
    if (this.#isClosing) return;
    // An answer of the network (ICMP) to one datagram says nothing of the next: lost is lost.
    this.#socket.send(bytes, to.port, to.host, () => {});
  }

  close(): Promise<void> {
    if (!this.#isClosing) {
      this.#isClosing = true;
      this.#socket.close();
    }
    return this.#closed.promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #fail(cause: unknown): void {
    const peer = formatAddress(this.#local);
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#error ??= netError('CONNECTION_LOST', { phase: 'read', peer, details: { reason }, cause });
    void this.close();
  }
}
