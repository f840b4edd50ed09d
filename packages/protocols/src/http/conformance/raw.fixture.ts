import { createScope } from '@roundhouse/core';
import { createMemoryNetwork, createRuntime, dialTransport, type NetServer } from '@roundhouse/net';
import { FakeClock } from '@roundhouse/testing';
import type { HttpHandler } from '../message.ts';
import type { HttpServerOptions } from '../server/options.ts';
import { serveHttp } from '../server/serveHttp.ts';

const QUIET_TURNS = 30;

/** A server in memory, and clients that send what bytes they like. */
export interface RawWorld extends Disposable {
  readonly server: NetServer;
  readonly clock: FakeClock;
  connect(): Promise<RawClient>;
}

export interface RawClient {
  /** All that has come. */
  readonly received: Buffer;
  readonly isClosed: boolean;
  /** Sends, and waits until nothing moves any more. */
  send(bytes: Uint8Array): Promise<void>;
  /** Waits until nothing moves any more. */
  quiet(): Promise<void>;
  end(): Promise<void>;
  destroy(): void;
}

export async function rawWorld(handler: HttpHandler, options: HttpServerOptions = {}): Promise<RawWorld> {
  const network = createMemoryNetwork();
  const clock = new FakeClock();
  const runtime = createRuntime({ clock, dialer: network.dialer, listen: network.listen });
  const server = await serveHttp(options, handler, runtime);
  const clients: RawClient[] = [];
  return {
    server,
    clock,
    async connect() {
      const client = await connected(server.port, runtime);
      clients.push(client);
      return client;
    },
    [Symbol.dispose]() {
      server.abort();
      for (const client of clients) client.destroy();
    },
  };
}

async function connected(port: number, runtime: ReturnType<typeof createRuntime>): Promise<RawClient> {
  const timeouts = { connectMs: 1_000, tlsMs: 1_000 };
  const scope = createScope({ clock: runtime.clock });
  const transport = await dialTransport({ host: 'localhost', port }, { timeouts }, runtime, scope);
  let received = Buffer.alloc(0);
  let isClosed = false;
  transport.start({
    data: (chunk) => void (received = Buffer.concat([received, chunk])),
    ended: () => void (isClosed = true),
    closed: () => void (isClosed = true),
  });
  const quiet = async (): Promise<void> => {
    let before = -1;
    for (let turns = 0; turns < QUIET_TURNS; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (received.length !== before) turns = 0;
      before = received.length;
    }
  };
  return {
    get received() {
      return received;
    },
    get isClosed() {
      return isClosed;
    },
    async send(bytes) {
      transport.write(bytes);
      await quiet();
    },
    quiet,
    end: () => transport.close(),
    destroy: () => transport.destroy(),
  };
}

/** The statuses of the answers in what came over HTTP/1.1, those that only announce others left out. */
export function statusesIn(text: string): number[] {
  return [...text.matchAll(/(?:^|\r\n|\})HTTP\/1\.[01] ([2-5]\d\d) /g)].map(([, status]) => Number(status));
}
