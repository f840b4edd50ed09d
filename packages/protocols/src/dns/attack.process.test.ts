import { createScope } from '@roundhouse/core';
import { createRuntime } from '@roundhouse/net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Attacker, type AttackEnd, FLOOD_BYTES, strike } from '../attack.fixture.ts';
import { framed } from './frames.ts';
import { encodeMessage } from './message/encode.ts';
import type { Resolver } from './resolver/contract.ts';
import { createResolver } from './resolver/resolver.ts';
import { type DnsServer, serveDns } from './server/server.ts';
import { parseZone } from './zone/text.ts';

const TIMEOUT = { timeout: 60_000 };
const HOST = '127.0.0.1';
const ZONE = '$TTL 60\n@ SOA ns m 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\nwww A 192.0.2.80\n';
const scope = createScope();
const runtime = createRuntime();
let server: DnsServer;
let resolvers: readonly Resolver[];

beforeAll(async () => {
  server = await serveDns({
    zones: [parseZone(ZONE, { origin: 'ex.test' })],
    timeouts: { idleMs: 1_500 },
    limits: { maxPerPeer: 50 },
  });
  const address = `${HOST}:${server.port}`;
  resolvers = (['udp', 'tcp'] as const).map((transport) =>
    createResolver({ servers: [{ transport, address }], rounds: 3, attemptMs: 5_000 }, runtime),
  );
});
afterAll(async () => {
  for (const resolver of resolvers) await resolver[Symbol.asyncDispose]();
  server.abort();
});

/** Over UDP and over TCP. */
async function polite(): Promise<void> {
  for (const resolver of resolvers) {
    const { records } = await resolver.resolve('www.ex.test', 'A', scope, { usesCache: false });
    expect(records).toHaveLength(1);
  }
}

const query = encodeMessage({ id: 1, questions: [{ name: 'www.ex.test', type: 'A' }] });
const queries = Buffer.concat(Array.from({ length: 200 }, () => framed(query)));

describe('a DNS server limits, and serves others all the time,', () => {
  it.each<[string, (to: Attacker) => Promise<AttackEnd>]>([
    ['a connection that says nothing', (to) => to.wait()],
    ['a query that comes byte by byte', (to) => (to.write(Buffer.of(0xff, 0xff)), to.drip(() => 'a', 100))],
    ['a frame of nothing', (to) => to.flood(() => Buffer.alloc(1_000), FLOOD_BYTES)],
    ['what is no query', (to) => to.flood(() => framed(Buffer.alloc(100, 0xff)) as Buffer, FLOOD_BYTES)],
    ['queries whose answers are not taken', (to) => (to.deafen(), to.flood(() => queries, FLOOD_BYTES))],
    ['HTTP', (to) => (to.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), to.wait())],
  ])('%s', TIMEOUT, async (_title, attack) => {
    const { end } = await strike(server.port, polite, attack);
    expect(end).not.toBe('unlimited');
  });

  it('connections of one address that say nothing', TIMEOUT, async () => {
    const { end } = await strike(server.port, polite, async (first) => {
      const more = await Promise.all(Array.from({ length: 150 }, () => Attacker.connect(server.port)));
      const turnedAway = await Promise.all(more.map((each) => each.closedWithin(1_000)));
      expect(turnedAway.filter(Boolean).length).toBeGreaterThanOrEqual(100);
      const gone = await Promise.all(more.map((each) => each.wait()));
      expect(gone.every((each) => each === 'closed')).toBe(true);
      return first.wait();
    });
    expect(end).toBe('closed');
  });

  it('datagrams of any bytes', TIMEOUT, async () => {
    const { end } = await strike(server.port, polite, async (to) => {
      const opened = await runtime.datagrams.open({ host: '127.0.0.2' }, { message: () => {} }, scope);
      for (let round = 0; round < 200; round++) {
        for (let index = 0; index < 100; index++) {
          const bytes = Buffer.from(query);
          bytes[(index * 7 + round) % bytes.length] = (index * 31 + round) & 0xff;
          opened.send(bytes, { host: HOST, port: server.port });
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      await opened.close();
      return to.wait();
    });
    expect(end).toBe('closed');
    expect(server.stats().udpQueries).toBeGreaterThan(1_000);
  });
});
