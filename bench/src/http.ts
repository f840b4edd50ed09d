import { createScope } from '@roundhouse/core';
import { createHttpClient } from '@roundhouse/protocols/http';
import { isInstalled, startPeer } from '@roundhouse/testing';
import { Pool } from 'undici';
import { type Figure, figure } from './figure.ts';
import { load, loaderName } from './httpLoader.ts';
import type { HttpPorts } from './httpServers.ts';
import { startScript } from './jsonChild.ts';
import { scriptPath } from './script.ts';
import type { BenchOptions, Section } from './section.ts';

const CONNECTIONS = 64;
const CLIENT_CONNECTIONS = 10;
const PATH = '/hello/you';

/** Our HTTP server beside Node's own, and our client beside undici, in turn within one run. */
export async function measure({ quick }: BenchOptions): Promise<Section> {
  const runs = quick ? 1 : 5;
  const seconds = quick ? 1 : 3;
  await using child = await startScript(scriptPath('httpServers'));
  const ports = await child.next<HttpPorts>();
  const rates = { ours: [] as number[], bare: [] as number[], ours2: [] as number[], bare2: [] as number[] };
  const client = { ours: [] as number[], bare: [] as number[] };
  for (let run = 0; run <= runs; run++) {
    const found = {
      ours: await http1Rate(ports.ours, seconds),
      bare: await http1Rate(ports.bare, seconds),
      ours2: await http2Rate(ports.ours2, seconds),
      bare2: await http2Rate(ports.bare2, seconds),
    };
    const asked = { ours: await ourClient(ports.bare, seconds), bare: await bareClient(ports.bare, seconds) };
    // The first round warms up.
    if (run === 0) continue;
    for (const name of ['ours', 'bare', 'ours2', 'bare2'] as const)
      if (found[name] !== undefined) rates[name].push(found[name]);
    for (const name of ['ours', 'bare'] as const) client[name].push(asked[name]);
  }
  const figures: Figure[] = [
    figure('http.server_per_s', 'HTTP/1.1 server, route and two middlewares', 'requests/s', rates.ours, {
      name: 'node:http',
      samples: rates.bare,
    }),
    figure('http.client_per_s', `client, ${CLIENT_CONNECTIONS} connections`, 'requests/s', client.ours, {
      name: 'undici Pool.request',
      samples: client.bare,
    }),
  ];
  if (rates.ours2.length > 0) {
    const peer = { name: 'node:http2', samples: rates.bare2 };
    figures.push(figure('http.server2_per_s', 'HTTP/2 server, the same', 'requests/s', rates.ours2, peer));
  }
  return {
    title: 'HTTP beside Node and undici',
    figures,
    notes: [
      `${runs} ${runs === 1 ? 'round' : 'rounds'} of ${seconds} s each behind one that warms up, ours and the peer in turn; all servers in one process, ${loaderName()} with ${CONNECTIONS} connections from another.`,
      isInstalled('h2load')
        ? 'HTTP/2 in the clear by h2load: 10 connections, 20 streams each.'
        : 'h2load is not installed: no HTTP/2.',
    ],
  };
}

async function http1Rate(port: number, seconds: number): Promise<number> {
  const origin = `http://127.0.0.1:${port}`;
  return (await load({ origin, paths: [PATH], headers: {}, connections: CONNECTIONS, seconds })).readsPerSecond;
}

async function http2Rate(port: number, seconds: number): Promise<number | undefined> {
  if (!isInstalled('h2load')) return undefined;
  await using tool = await startPeer('h2load', [
    '-D',
    String(seconds),
    '-c',
    '10',
    '-m',
    '20',
    `http://127.0.0.1:${port}${PATH}`,
  ]);
  await tool.exited;
  const rate = /, ([\d.]+) req\/s/.exec(tool.output)?.[1];
  return rate === undefined ? Promise.reject(tool.failure('its report cannot be read')) : Number(rate);
}

/** Requests a second of so many that ask one after the other. */
async function askedPerSecond(seconds: number, ask: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  const until = startedAt + seconds * 1_000;
  let count = 0;
  const asking = Array.from({ length: CLIENT_CONNECTIONS }, async () => {
    while (performance.now() < until) {
      await ask();
      count += 1;
    }
  });
  await Promise.all(asking);
  return (count / (performance.now() - startedAt)) * 1_000;
}

async function ourClient(port: number, seconds: number): Promise<number> {
  await using client = createHttpClient({ maxPerOrigin: CLIENT_CONNECTIONS });
  const scope = createScope();
  const url = `http://127.0.0.1:${port}${PATH}`;
  return await askedPerSecond(seconds, async () => (await client.get(url, scope)).body.text());
}

async function bareClient(port: number, seconds: number): Promise<number> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CLIENT_CONNECTIONS });
  const request = { path: PATH, method: 'GET' } as const;
  const rate = await askedPerSecond(seconds, async () => (await pool.request(request)).body.text());
  await pool.close();
  return rate;
}
