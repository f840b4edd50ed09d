import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createScope } from '@roundhouse/core';
import { serveWebSocket } from '@roundhouse/protocols/websocket';
import { WebSocketServer } from 'ws';
import { memoryAfterCollection, type MemoryUse } from './heap.ts';

/** What a server of WebSockets says when it is asked for `memory`. */
export interface WebSocketServerMemory extends MemoryUse {
  readonly connections: number;
}

/** What it says when it is asked for `cpu`: user and system time so far, µs. */
export interface WebSocketServerCpu {
  readonly cpuUs: number;
}

/**
 * An echo server as a process: `webSocketServer.ts ours|ws`. Prints `{"port":…}`, and an answer for each line it
 * reads.
 */
const [kind] = process.argv.slice(2);
// Scripts are started without flags of the engine.
setFlagsFromString('--expose-gc');
globalThis.gc ??= runInNewContext('gc') as NonNullable<typeof globalThis.gc>;

const { port, connections } = kind === 'ours' ? await serveOurs() : await serveWs();
process.stdout.write(`${JSON.stringify({ port })}\n`);

process.stdin.setEncoding('utf8').on('data', (line: string) => void answer(line.trim()));

/** A collection would throw away what has been compiled: it is only made where memory is asked for. */
async function answer(question: string): Promise<void> {
  const { user, system } = process.cpuUsage();
  const says =
    question === 'cpu'
      ? ({ cpuUs: user + system } satisfies WebSocketServerCpu)
      : ({ ...(await memoryAfterCollection()), connections: connections() } satisfies WebSocketServerMemory);
  process.stdout.write(`${JSON.stringify(says)}\n`);
}

interface Served {
  readonly port: number;
  readonly connections: () => number;
}

async function serveOurs(): Promise<Served> {
  const scope = createScope();
  const limits = { maxConnections: 100_000 };
  const server = await serveWebSocket({ limits }, async (connection) => {
    for await (const message of connection) await connection.send(message, scope);
  });
  return { port: server.port, connections: () => server.stats().connections };
}

/** As its documentation shows it, without compression as ours. */
async function serveWs(): Promise<Served> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  server.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on no port');
  return { port: address.port, connections: () => server.clients.size };
}
