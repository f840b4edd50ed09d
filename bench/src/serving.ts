import { connect, type Socket } from 'node:net';
import { createScope } from '@roundhouse/core';
import { createResolver } from '@roundhouse/protocols/dns';
import { createHttpClient } from '@roundhouse/protocols/http';
import { connectWebSocket } from '@roundhouse/protocols/websocket';
import { figure } from './figure.ts';
import { type JsonChild, startScript } from './jsonChild.ts';
import { proportionalKb } from './processTable.ts';
import { scriptPath } from './script.ts';
import type { BenchOptions, Section } from './section.ts';
import type { ServingDrain, ServingPorts } from './servingProcess.ts';

/** Connections that a drain meets, by what they are doing. */
const IDLE_HTTP = 400;
const SLOW_REQUESTS = 200;
const WEB_SOCKETS = 300;
const DNS_STREAMS = 100;
const CONNECTIONS = IDLE_HTTP + SLOW_REQUESTS + WEB_SOCKETS + DNS_STREAMS;

/** What a server of HTTP, WebSockets and DNS takes of memory, and how long it takes to end with a thousand clients. */
export async function measure({ quick }: BenchOptions): Promise<Section> {
  const runs = quick ? 1 : 5;
  const added: number[] = [];
  const seconds: number[] = [];
  const cut: number[] = [];
  for (let run = 0; run < runs; run++) {
    added.push(await addedMemory());
    const drained = await drainUnderLoad();
    seconds.push(drained.seconds);
    cut.push(drained.cut);
  }
  return {
    title: 'A server of HTTP, WebSockets and DNS',
    figures: [
      figure('serving.memory_mb', 'memory beyond a bare Node', 'MB PSS', added),
      figure('serving.drain_s', 'drain with 1,000 connections', 's', seconds),
      figure('serving.drain_cut', 'the same', 'operations cut', cut),
    ],
    notes: [
      `${runs} ${runs === 1 ? 'run' : 'runs'}: two processes side by side, each collected first; PSS of /proc. Everything that is loaded late was used once: a request of HTTP/1.1 and one of HTTP/2, a WebSocket, a question over UDP.`,
      `${IDLE_HTTP} idle connections of HTTP/1.1, ${SLOW_REQUESTS} requests that take a second, ${WEB_SOCKETS} WebSockets, ${DNS_STREAMS} connections of DNS.`,
    ],
  };
}

/** MB of PSS that our process has more than one that is nothing but Node. */
async function addedMemory(): Promise<number> {
  await using bare = await startScript(scriptPath('servingProcess'), 'bare');
  await using all = await startScript(scriptPath('servingProcess'), 'all');
  await bare.next();
  await useOnce(await all.next<ServingPorts>());
  const [ours, theirs] = [await pssAfterCollection(all), await pssAfterCollection(bare)];
  return ours - theirs;
}

async function useOnce({ http, dns }: ServingPorts): Promise<void> {
  using scope = createScope({ timeoutMs: 30_000 });
  for (const version of ['http/1.1', 'h2'] as const) {
    await using client = createHttpClient({ versions: [version] });
    await (await client.get(`http://127.0.0.1:${http}/hello`, scope)).body.text();
  }
  const socket = await connectWebSocket({ url: `ws://127.0.0.1:${http}/` }, scope);
  await socket.send('hello', scope);
  await socket.receive(scope);
  await socket.close(1000);
  await using resolver = createResolver({ servers: [`127.0.0.1:${dns}`] });
  await resolver.addresses('ns.bench.test', scope, { family: 4 });
}

async function pssAfterCollection(child: JsonChild): Promise<number> {
  child.write('gc\n');
  await child.next();
  return proportionalKb(child.pid) / 1e3;
}

async function drainUnderLoad(): Promise<ServingDrain> {
  await using child = await startScript(scriptPath('servingProcess'), 'all');
  const { http, dns } = await child.next<ServingPorts>();
  using scope = createScope({ timeoutMs: 60_000 });
  const sockets: Socket[] = [];
  try {
    const open = async (port: number, request: string): Promise<Socket> => {
      const socket = connect(port, '127.0.0.1');
      sockets.push(socket.on('error', () => {}));
      await new Promise<void>((resolve) => socket.once('connect', resolve));
      socket.write(request);
      return socket;
    };
    const webSockets = Array.from({ length: WEB_SOCKETS }, () =>
      connectWebSocket({ url: `ws://127.0.0.1:${http}/` }, scope),
    );
    const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`;
    const idle = Array.from({ length: IDLE_HTTP }, async () => {
      const socket = await open(http, get('/hello'));
      await new Promise((resolve) => socket.once('data', resolve));
      socket.resume();
    });
    const streams = Array.from({ length: DNS_STREAMS }, async () => void (await open(dns, '')).resume());
    await Promise.all([...webSockets, ...idle, ...streams]);
    await Promise.all(
      Array.from({ length: SLOW_REQUESTS }, async () => void (await open(http, get('/slow'))).resume()),
    );
    // A client is connected before the server has taken it.
    for (let taken = 0; taken < CONNECTIONS; ) {
      child.write('count\n');
      taken = (await child.next<{ readonly connections: number }>()).connections;
    }
    child.write('drain\n');
    return await child.next<ServingDrain>();
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}
