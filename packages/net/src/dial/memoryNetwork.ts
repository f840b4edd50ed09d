import type { RoundhouseError, Scope } from '@roundhouse/core';
import { createScope } from '@roundhouse/core';
import { type Address, formatAddress } from '../address.ts';
import { netError } from '../errors.ts';
import { type Listen, type ListenOptions, type Listener, StreamListener } from '../listener.ts';
import { MemorySocket } from '../memory.ts';
import type { Target } from '../socket.ts';
import { endedDuring } from '../systemError.ts';
import type { Transport } from '../transport.ts';
import type { DatagramHandler, DatagramOpener, DatagramOptions, DatagramPort } from './datagrams.ts';
import type { Dialer, Dialled } from './dialer.ts';

const FIRST_PORT = 49_152;

/** A network inside the process: TCP and UDP with real TLS on top, without a socket. Every host name leads to it. */
export interface MemoryNetwork {
  readonly dialer: Dialer;
  readonly listen: Listen;
  readonly datagrams: DatagramOpener;
}

export function createMemoryNetwork(): MemoryNetwork {
  const streams = new Map<number, StreamListener>();
  const ports = new Map<number, MemoryPort>();
  let lastPort = FIRST_PORT - 1;
  const freePort = (asked: number, taken: ReadonlyMap<number, unknown>, host: string): number => {
    if (asked !== 0 && taken.has(asked)) {
      throw netError('ADDRESS_IN_USE', {
        phase: 'connect',
        details: { address: formatAddress({ host, port: asked }) },
      });
    }
    if (asked !== 0) return asked;
    lastPort += 1;
    return lastPort;
  };

  return {
    dialer: {
      name: 'memory',
      dial: (target, scope, hooks = {}) => {
        hooks.onPhase?.('connect');
        return dial(target, streams, scope, () => (lastPort += 1));
      },
    },
    async listen(options: ListenOptions, onConnection: (transport: Transport) => void, scope: Scope = createScope()) {
      scope.throwIfEnded();
      const port = freePort(options.port, streams, options.host);
      const address = { host: options.host, port };
      const listener = new StreamListener(address, options, onConnection, scope, () => {
        if (streams.get(port) === listener) streams.delete(port);
      });
      streams.set(port, listener);
      return listener satisfies Listener;
    },
    datagrams: {
      async open({ host = '127.0.0.1', port = 0 }: DatagramOptions, handler: DatagramHandler, scope: Scope) {
        scope.throwIfEnded();
        const chosen = freePort(port, ports, host);
        const opened = new MemoryPort({ host, port: chosen }, handler, ports);
        ports.set(chosen, opened);
        return opened;
      },
    },
  };
}

async function dial(
  target: Target,
  listeners: ReadonlyMap<number, StreamListener>,
  scope: Scope,
  nextPort: () => number,
): Promise<Dialled> {
  const peer = 'path' in target ? target.path : formatAddress(target);
  // As on a real network, nothing is decided before the caller has gone on.
  await Promise.resolve();
  try {
    scope.throwIfEnded();
  } catch (reason) {
    throw endedDuring('connect', peer, reason as RoundhouseError);
  }
  const listener = 'path' in target ? undefined : listeners.get(target.port);
  if (listener === undefined || 'path' in target) throw netError('CONNECT_REFUSED', { phase: 'connect', peer });
  const [near, far] = MemorySocket.pair();
  const local = formatAddress({ host: '127.0.0.1', port: nextPort() });
  listener.accept(far, { peer: local, host: target.host, local: peer });
  return { stream: near, peer, host: target.host, local };
}

class MemoryPort implements DatagramPort {
  readonly local: Address;
  readonly #handler: DatagramHandler;
  readonly #ports: Map<number, MemoryPort>;

  constructor(local: Address, handler: DatagramHandler, ports: Map<number, MemoryPort>) {
    this.local = local;
    this.#handler = handler;
    this.#ports = ports;
  }

  send(bytes: Uint8Array, to: Address): void {
    const { local } = this;
    const copy = bytes.slice();
    setImmediate(() => this.#ports.get(to.port)?.arrive(copy, local));
  }

  arrive(bytes: Uint8Array, from: Address): void {
    this.#handler.message(bytes, from);
  }

  async close(): Promise<void> {
    if (this.#ports.get(this.local.port) !== this) return;
    this.#ports.delete(this.local.port);
    this.#handler.closed?.();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
