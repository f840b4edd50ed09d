import { WebSocket } from 'ws';
import { type Figure, figure, quantileOf } from './figure.ts';
import { type JsonChild, startScript } from './jsonChild.ts';
import { scriptPath } from './script.ts';
import type { BenchOptions, Section } from './section.ts';
import type { WebSocketServerCpu, WebSocketServerMemory } from './webSocketServer.ts';

const KINDS = ['ours', 'ws'] as const;
type Kind = (typeof KINDS)[number];

const BUSY_CONNECTIONS = 1_000;
const MESSAGES_PER_SECOND = 5_000;
const MESSAGE_BYTES = 128;
const IDLE_CONNECTIONS = 10_000;
/** Connections that are made at the same time. */
const CONNECTING = 64;
const TICK_MS = 2;
/** Until what runs often is compiled. */
const WARM_UP_MS = 5_000;

/** How long an echo takes at a rate, and what connections cost that do nothing; `ws` itself is the peer. */
export async function measure({ quick, sessions }: BenchOptions): Promise<Section> {
  const runs = quick ? 1 : 3;
  const seconds = quick ? 3 : 10;
  const idle = quick ? 1_000 : Math.min(IDLE_CONNECTIONS, sessions);
  const busy = new Map<Kind, Busy[]>(KINDS.map((kind) => [kind, []]));
  for (let run = 0; run < runs; run++) for (const [kind, done] of busy) done.push(await echo(kind, seconds));
  const memory = new Map<Kind, Idle[]>(KINDS.map((kind) => [kind, []]));
  for (const [kind, done] of memory) done.push(await hold(kind, idle));

  const compare = <T>(id: string, label: string, unit: string, all: Map<Kind, T[]>, of: (each: T) => number): Figure =>
    figure(id, label, unit, (all.get('ours') ?? []).map(of), { name: 'ws', samples: (all.get('ws') ?? []).map(of) });
  const rate = `${count(BUSY_CONNECTIONS)} connections, ${count(MESSAGES_PER_SECOND)} messages/s`;
  const held = `${count(idle)} idle connections`;
  return {
    title: 'WebSockets',
    figures: [
      compare('websocket.median_ms', `echo, ${rate}`, 'ms', busy, ({ medianMs }) => medianMs),
      compare('websocket.p99_ms', 'the same, 99th percentile', 'ms', busy, ({ p99Ms }) => p99Ms),
      compare('websocket.cpu', 'CPU of the server', '% of a core', busy, ({ cpuShare }) => cpuShare * 100),
      compare('websocket.lost', 'messages without an echo', 'messages', busy, ({ lost }) => lost),
      compare('websocket.idle_mb', held, 'MB RSS of the server', memory, ({ rssMb }) => rssMb),
      compare('websocket.idle_kb', held, 'kB RSS each', memory, ({ kbEach }) => kbEach),
      compare('websocket.idle_missing', held, 'not open', memory, ({ missing }) => missing),
    ],
    notes: [
      `${runs} ${runs === 1 ? 'run' : 'runs'} of ${seconds} s behind ${WARM_UP_MS / 1_000} s of warm-up, with messages of ${MESSAGE_BYTES} bytes, without compression; server and client take turns on the same machine, each in its own process; the client is that of ws.`,
      'Latency is from when a message was due until its echo was read, so that a late client counts against the server.',
      'Memory is that of the whole server process after a collection; each: less what it was before the first connection.',
    ],
  };
}

interface Busy {
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly cpuShare: number;
  readonly lost: number;
}

async function echo(kind: Kind, seconds: number): Promise<Busy> {
  await using server = await startScript(scriptPath('webSocketServer'), kind);
  const { port } = await server.next<{ port: number }>();
  const sockets = await connectAll(port, BUSY_CONNECTIONS);
  const latencies: number[] = [];
  for (const socket of sockets) {
    socket.on('message', (data: Buffer) => void latencies.push(performance.now() - data.readDoubleLE(0)));
  }
  try {
    await send(sockets, WARM_UP_MS);
    await settled(() => latencies.length, 0);
    latencies.length = 0;
    const before = await cpuOf(server);
    const sent = await send(sockets, seconds * 1_000);
    await settled(() => latencies.length, sent);
    const after = await cpuOf(server);
    return {
      medianMs: quantileOf(latencies, 0.5),
      p99Ms: quantileOf(latencies, 0.99),
      cpuShare: (after - before) / 1e6 / seconds,
      lost: sent - latencies.length,
    };
  } finally {
    for (const socket of sockets) socket.terminate();
  }
}

/** Sends at the rate, each message with the moment that it is due. Returns how many. */
async function send(sockets: readonly WebSocket[], durationMs: number): Promise<number> {
  const startedAt = performance.now();
  let sent = 0;
  for (;;) {
    const elapsed = Math.min(performance.now() - startedAt, durationMs);
    for (const due = Math.floor((elapsed / 1_000) * MESSAGES_PER_SECOND); sent < due; sent++) {
      const message = Buffer.alloc(MESSAGE_BYTES);
      message.writeDoubleLE(startedAt + (sent / MESSAGES_PER_SECOND) * 1_000);
      sockets[sent % sockets.length]?.send(message);
    }
    if (elapsed >= durationMs) return sent;
    await pause(TICK_MS);
  }
}

interface Idle {
  readonly rssMb: number;
  readonly kbEach: number;
  readonly missing: number;
}

async function hold(kind: Kind, connections: number): Promise<Idle> {
  await using server = await startScript(scriptPath('webSocketServer'), kind);
  const { port } = await server.next<{ port: number }>();
  const before = await memoryOf(server);
  const sockets = await connectAll(port, connections);
  try {
    const after = await memoryOf(server);
    return {
      rssMb: after.rss / 1e6,
      kbEach: (after.rss - before.rss) / connections / 1e3,
      missing: connections - after.connections,
    };
  } finally {
    for (const socket of sockets) socket.terminate();
  }
}

async function connectAll(port: number, connections: number): Promise<WebSocket[]> {
  const sockets: WebSocket[] = [];
  while (sockets.length < connections) {
    const batch = Array.from({ length: Math.min(CONNECTING, connections - sockets.length) }, () => opened(port));
    sockets.push(...(await Promise.all(batch)));
  }
  return sockets;
}

function opened(port: number): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: false });
    socket.once('open', () => resolve(socket)).on('error', reject);
  });
}

async function cpuOf(server: JsonChild): Promise<number> {
  server.write('cpu\n');
  return (await server.next<WebSocketServerCpu>()).cpuUs;
}

async function memoryOf(server: JsonChild): Promise<WebSocketServerMemory> {
  server.write('memory\n');
  return server.next<WebSocketServerMemory>();
}

/** Until so many are there, or nothing more comes. */
async function settled(arrived: () => number, wanted: number): Promise<void> {
  for (let before = -1; arrived() !== before && (wanted === 0 || arrived() < wanted); ) {
    before = arrived();
    await pause(500);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function count(value: number): string {
  return value.toLocaleString('en');
}
