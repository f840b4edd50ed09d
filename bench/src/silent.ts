import { createServer, type Socket } from 'node:net';
import { createScope, isRoundhouseError } from '@roundhouse/core';
import { resolveTimeouts, type Timeouts } from '@roundhouse/net';
import { type Figure, figure } from './figure.ts';
import type { BenchOptions, Section } from './section.ts';
import { SILENT_CLIENTS, type SilentClient } from './silentClients.ts';

/** Short, so that the run is; each is what a caller has said. */
const STATED_MS = 500;
/** Everything that waits waits this long. */
const TIMEOUTS: Timeouts = resolveTimeouts({
  connectMs: STATED_MS,
  tlsMs: STATED_MS,
  greetingMs: STATED_MS,
  requestMs: STATED_MS,
  idleMs: STATED_MS,
});
const BEFORE_ABORT_MS = 100;

/**
 * A peer that takes the connection and never says a word, which leaves many a client pending for minutes: when each of
 * ours gives up, and how long after its scope has ended its socket is free.
 */
export async function measure({ quick }: BenchOptions): Promise<Section> {
  const runs = quick ? 2 : 10;
  const figures: Figure[] = [];
  for (const client of SILENT_CLIENTS) {
    // The first call loads the module.
    await giveUp(client);
    const late: number[] = [];
    const freed: number[] = [];
    for (let run = 0; run < runs; run++) {
      late.push((await giveUp(client)) - STATED_MS);
      freed.push(await abort(client));
    }
    figures.push(
      figure(`silent.${client.name}.late_ms`, `${client.name}: TIMEOUT after its time`, 'ms', late),
      figure(`silent.${client.name}.freed_ms`, `${client.name}: socket free after abort`, 'ms', freed),
    );
  }
  return {
    title: 'A peer that says nothing',
    figures,
    notes: [
      `${runs} runs each over loopback TCP; every time limit is ${STATED_MS} ms, the abort comes after ${BEFORE_ABORT_MS} ms.`,
      'Freed: from the end of the scope until the peer sees the connection closed.',
    ],
  };
}

/** How long a client took to fail with TIMEOUT, ms. Throws when it did anything else. */
async function giveUp(client: SilentClient): Promise<number> {
  await using peer = await silentPeer();
  const startedAt = performance.now();
  try {
    await client.ask(peer.port, TIMEOUTS, createScope());
  } catch (error) {
    if (isRoundhouseError(error) && error.code === 'TIMEOUT') return performance.now() - startedAt;
    throw error;
  }
  throw new Error(`${client.name} had an answer of a peer that gave none`);
}

/** How long it took from the end of the scope to the end of the connection, ms. */
async function abort(client: SilentClient): Promise<number> {
  await using peer = await silentPeer();
  const scope = createScope();
  const asked = client.ask(peer.port, { ...TIMEOUTS, greetingMs: 60_000, requestMs: 60_000 }, scope);
  const failed = asked.then(
    () => undefined,
    (error: unknown) => error,
  );
  await peer.connected;
  await new Promise((resolve) => setTimeout(resolve, BEFORE_ABORT_MS));
  const startedAt = performance.now();
  scope.end();
  await peer.closed;
  const freedMs = performance.now() - startedAt;
  const error = await failed;
  if (isRoundhouseError(error) && error.code === 'CANCELLED') return freedMs;
  throw error ?? new Error(`${client.name} had an answer of a peer that gave none`);
}

interface SilentPeer extends AsyncDisposable {
  readonly port: number;
  readonly connected: Promise<void>;
  readonly closed: Promise<void>;
}

async function silentPeer(): Promise<SilentPeer> {
  const connected = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    connected.resolve();
    socket.on('error', () => {}).on('close', () => closed.resolve());
    // Whoever does not read does not see the end.
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the peer has no port');
  return {
    port: address.port,
    connected: connected.promise,
    closed: closed.promise,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
