import type { Scope } from '@roundhouse/core';
import { checkLocalAddress, type ConnectHooks, connectSocket } from './socket.ts';
import { StreamTransport } from './streamTransport.ts';
import type { TlsClientOptions } from './tls.ts';
import type { Transport, TransportLimits } from './transport.ts';

export interface ConnectOptions {
  readonly host: string;
  /** 1 … 65535. */
  readonly port: number;
  /** TLS from the first byte. */
  readonly tls?: TlsClientOptions;
  /** IP address of this machine to connect from. */
  readonly localAddress?: string;
  readonly limits?: TransportLimits;
}

const READ_BUFFER_BYTES = 64 * 1024;
let sharedReadBuffer: Uint8Array | undefined;

/** All connections of a thread read into one buffer: a chunk is delivered before the next read begins. */
function readBuffer(): Uint8Array {
  sharedReadBuffer ??= new Uint8Array(READ_BUFFER_BYTES);
  return sharedReadBuffer;
}

/**
 * Connects, with TLS when asked for. The addresses of a name are tried as Node does (RFC 8305). Rejects with a NetError
 * whose phase says how far it came, TIMEOUT for the scope's deadline, or the reason of the scope; the scope has no hold
 * on the transport it resolves to.
 */
export async function connectTcp(options: ConnectOptions, scope: Scope, hooks: ConnectHooks = {}): Promise<Transport> {
  const { localAddress, limits, tls } = options;
  checkLocalAddress(localAddress);
  let transport: StreamTransport | undefined;
  const onread = {
    buffer: readBuffer,
    callback: (length: number, buffer: Uint8Array): boolean => {
      transport?.received(buffer.subarray(0, length));
      return true;
    },
  };
  const { socket, ...names } = await connectSocket(options, { localAddress, onread }, scope, hooks);
  transport = new StreamTransport(socket, { ...names, clock: scope.clock, limits });
  if (tls !== undefined) {
    hooks.onPhase?.('tls');
    await transport.upgradeTls(tls, scope);
  }
  return transport;
}
