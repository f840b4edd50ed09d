import { gzipSync, zstdCompressSync } from 'node:zlib';
import { createScope } from '@roundhouse/core';
import type { NetServer } from '@roundhouse/net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  Attacker,
  type AttackEnd,
  besidePolite,
  FLOOD_BYTES as FLOOD,
  MAX_GROWTH,
  strike as strikeAt,
} from '../attack.fixture.ts';
import { createHttpClient, type HttpClient } from './client/client.ts';
import { FLAG, frame, GET, literals, setting, START, TYPE, uint32 } from './conformance/frames.fixture.ts';
import { text } from './message.ts';
import { createRouter } from './router/router.ts';
import { serveHttp } from './server/serveHttp.ts';

const MIB = 1_048_576;
const TIMEOUT = { timeout: 60_000 };
const { END_STREAM, END_HEADERS } = FLAG;

const scope = createScope();
let server: NetServer;
let client: HttpClient;

beforeAll(async () => {
  const large = Buffer.alloc(4 * MIB);
  const router = createRouter()
    .get('/', () => text('hello'))
    .get('/large', () => ({ status: 200, body: large }))
    .post('/', async ({ body }) => text(String((await body.bytes()).byteLength)));
  server = await serveHttp(
    {
      h2c: true,
      timeouts: { greetingMs: 1_000, requestMs: 2_000, idleMs: 1_000 },
      limits: { maxBodyBytes: 100_000, maxPerPeer: 300 },
    },
    router,
  );
  client = createHttpClient();
});
afterAll(() => {
  client.abort();
  server.abort();
});

async function polite(): Promise<void> {
  const response = await client.request(`http://127.0.0.1:${server.port}/`, { timeoutMs: 10_000 }, scope);
  expect(await response.body.text()).toBe('hello');
}

const strike = (attack: (attacker: Attacker) => Promise<AttackEnd>) => strikeAt(server.port, polite, attack);

const bytes = (wire: string): Buffer => Buffer.from(wire, 'latin1');
const HEAD = 'GET / HTTP/1.1\r\nHost: a\r\n';
const CHUNKED = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';

describe('a server of HTTP/1.1 ends, and serves others all the time,', () => {
  it.each<[string, (attacker: Attacker) => Promise<AttackEnd>, RegExp]>([
    [
      'fields that come byte by byte (slow-loris)',
      (to) => (to.write(HEAD), to.drip(() => 'a', 100)),
      /^HTTP\/1\.1 408 /,
    ],
    [
      'a body that comes byte by byte',
      (to) => (to.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n'), to.drip(() => 'a', 100)),
      /^HTTP\/1\.1 (?:408|503) /,
    ],
    [
      'chunks that come byte by byte',
      (to) => (to.write(CHUNKED), to.drip(() => '1\r\na\r\n', 100)),
      /^HTTP\/1\.1 (?:408|503) /,
    ],
    ['a connection that says nothing', (to) => to.wait(), /^$|^HTTP\/1\.1 408 /],
    [
      'fields without an end',
      (to) => (to.write(HEAD), to.flood(() => bytes('X-A: b\r\n'.repeat(1_000)), FLOOD)),
      /^HTTP\/1\.1 431 /,
    ],
    [
      'one field without an end',
      (to) => (to.write(`${HEAD}X-A: `), to.flood(() => Buffer.alloc(65_536, 'a'), FLOOD)),
      /^HTTP\/1\.1 431 /,
    ],
    [
      'a target without an end',
      (to) => (to.write('GET /'), to.flood(() => Buffer.alloc(65_536, 'a'), FLOOD)),
      /^HTTP\/1\.1 (?:414|431) /,
    ],
    [
      'a body beyond its limit in chunks of a byte',
      (to) => (to.write(CHUNKED), to.flood(() => bytes('1\r\na\r\n'.repeat(1_000)), FLOOD)),
      /^HTTP\/1\.1 413 /,
    ],
    [
      'a chunk extension without an end',
      (to) => (to.write(`${CHUNKED}1;`), to.flood(() => Buffer.alloc(65_536, 'a'), FLOOD)),
      /^HTTP\/1\.1 (?:400|413|431) |^$/,
    ],
    [
      'trailers without an end',
      (to) => (to.write(`${CHUNKED}0\r\n`), to.flood(() => bytes('X-A: b\r\n'.repeat(1_000)), FLOOD)),
      /^HTTP\/1\.1 (?:400|431) |^$/,
    ],
  ])('%s', TIMEOUT, async (_title, attack, hears) => {
    const { end, heard } = await strike(attack);
    expect(heard).toMatch(hears);
    expect(end).toBe('closed');
  });

  it('200 connections of slow fields', TIMEOUT, async () => {
    const { end } = await strike(async (first) => {
      const all = [first, ...(await Promise.all(Array.from({ length: 200 }, () => Attacker.connect(server.port))))];
      const ends = await Promise.all(all.map((each) => (each.write(HEAD), each.drip(() => 'a', 200))));
      for (const each of all) each.destroy();
      return ends.every((each) => each === 'closed') ? 'closed' : 'unlimited';
    });
    expect(end).toBe('closed');
  });

  it('a client that does not take its answer', TIMEOUT, async () => {
    const { end } = await strike((to) => {
      to.deafen();
      to.write('GET /large HTTP/1.1\r\nHost: a\r\n\r\n');
      return untilGone();
    });
    expect(end).toBe('closed');
  });

  it('requests without an end whose answers are not taken', TIMEOUT, async () => {
    const { end } = await strike((to) => {
      to.deafen();
      return to.flood(() => bytes(`${HEAD}\r\n`.repeat(1_000)), FLOOD);
    });
    expect(end).not.toBe('unlimited');
  });
});

/** A client that hears nothing does not hear that it was closed: the server knows. */
async function untilGone(): Promise<AttackEnd> {
  const own = server.stats().connections;
  for (let look = 0; look < 500; look++) {
    if (server.stats().connections < own) return 'closed';
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  return 'unlimited';
}

const request = (stream: number, flags: number = END_STREAM | END_HEADERS, fields = GET): Buffer =>
  frame(TYPE.HEADERS, flags, stream, literals(...fields));
const LARGE = GET.map(([name, value]) => [name, name === ':path' ? '/large' : value] as const);
const many = (count: number, make: (index: number) => Buffer) => (at: number) =>
  Buffer.concat(Array.from({ length: count }, (_, index) => make(at * count + index)));

describe('a server of HTTP/2 limits, and serves others all the time,', () => {
  it.each<[string, (attacker: Attacker) => Promise<AttackEnd>]>([
    [
      'streams that are opened and reset (CVE-2023-44487)',
      (to) =>
        to.flood(
          many(100, (index) => Buffer.concat([request(1 + 2 * index), frame(TYPE.RST, 0, 1 + 2 * index, uint32(8))])),
          FLOOD,
        ),
    ],
    [
      'streams that the server is made to reset (CVE-2025-8671)',
      (to) =>
        to.flood(
          many(100, (index) =>
            Buffer.concat([request(1 + 2 * index), frame(TYPE.WINDOW, 0, 1 + 2 * index, uint32(0))]),
          ),
          FLOOD,
        ),
    ],
    [
      'CONTINUATION without an end (CVE-2024-27316)',
      (to) => (
        to.write(request(1, END_STREAM)),
        to.flood(
          many(100, () => frame(TYPE.CONTINUATION, 0, 1, literals(['x-a', 'b'.repeat(100)]))),
          FLOOD,
        )
      ),
    ],
    [
      'CONTINUATION of nothing without an end',
      (to) => (
        to.write(request(1, END_STREAM)),
        to.flood(
          many(1_000, () => frame(TYPE.CONTINUATION, 0, 1)),
          FLOOD,
        )
      ),
    ],
    [
      'PING without an end, the answers not taken (CVE-2019-9512)',
      (to) => (
        to.deafen(),
        to.flood(
          many(1_000, () => frame(TYPE.PING, 0, 0, Buffer.alloc(8))),
          FLOOD,
        )
      ),
    ],
    [
      'SETTINGS without an end, the answers not taken (CVE-2019-9515)',
      (to) => (
        to.deafen(),
        to.flood(
          many(1_000, () => frame(TYPE.SETTINGS, 0, 0, setting(4, 65_535))),
          FLOOD,
        )
      ),
    ],
    [
      'SETTINGS of many settings',
      (to) =>
        to.flood(
          () => frame(TYPE.SETTINGS, 0, 0, Buffer.concat(Array.from({ length: 2_000 }, () => setting(4, 65_535)))),
          FLOOD,
        ),
    ],
    [
      'frames of a type that nobody knows, of nothing',
      (to) =>
        to.flood(
          many(1_000, () => frame(0xbe, 0, 0)),
          FLOOD,
        ),
    ],
    [
      'DATA of nothing without an end (CVE-2019-9518)',
      (to) => (
        to.write(
          request(
            1,
            END_HEADERS,
            GET.map(([name, value]) => [name, name === ':method' ? 'POST' : value]),
          ),
        ),
        to.flood(
          many(1_000, () => frame(TYPE.DATA, 0, 1)),
          FLOOD,
        )
      ),
    ],
    ['a preface and nothing else', (to) => to.wait()],
    [
      'a field block that comes byte by byte',
      (to) => to.drip((index) => (index === 0 ? request(1).subarray(0, 12) : Buffer.of(0)), 100),
    ],
  ])('%s', TIMEOUT, async (_title, attack) => {
    const { end } = await strike((attacker) => (attacker.write(START), attack(attacker)));
    expect(end).not.toBe('unlimited');
  });

  it('answers for which there is no window (CVE-2019-9517)', TIMEOUT, async () => {
    const { end } = await strike((to) => {
      to.write(Buffer.concat([START, frame(TYPE.SETTINGS, 0, 0, setting(4, 0))]));
      to.write(
        Buffer.concat(
          Array.from({ length: 100 }, (_, index) => request(1 + 2 * index, END_STREAM | END_HEADERS, LARGE)),
        ),
      );
      return to.wait();
    });
    expect(end).toBe('closed');
  });

  it('a window that is opened byte by byte (CVE-2019-9511)', TIMEOUT, async () => {
    const { end } = await strike((to) => {
      to.write(
        Buffer.concat([START, frame(TYPE.SETTINGS, 0, 0, setting(4, 0)), request(1, END_STREAM | END_HEADERS, LARGE)]),
      );
      return to.drip(() => frame(TYPE.WINDOW, 0, 1, uint32(1)), 200);
    });
    expect(end).toBe('closed');
  });
});

describe('a client takes no more than it may of', () => {
  it.each([
    ['gzip', gzipSync(Buffer.alloc(200 * MIB))],
    ['zstd', zstdCompressSync(Buffer.alloc(200 * MIB))],
  ])('%s that grows without an end', TIMEOUT, async (encoding, bomb) => {
    const hostile = await serveHttp({}, () => ({ status: 200, headers: { 'content-encoding': encoding }, body: bomb }));
    try {
      const report = await besidePolite(polite, async () => {
        const { body } = await client.request(`http://127.0.0.1:${hostile.port}/`, { maxBodyBytes: 400 * MIB }, scope);
        let received = 0;
        try {
          for await (const part of body) received += part.length;
        } catch (error) {
          expect(error).toMatchObject({ code: 'HTTP_CONTENT_ENCODING' });
          return received;
        }
        return Infinity;
      });
      expect(report.failures).toEqual([]);
      expect(report.growthBytes).toBeLessThan(MAX_GROWTH);
      expect(report.result).toBeLessThan(200 * bomb.byteLength + 2 * MIB);
    } finally {
      hostile.abort();
    }
  });

  it('Brotli: it is not decoded', async () => {
    const hostile = await serveHttp({}, () => ({ status: 200, headers: { 'content-encoding': 'br' }, body: 'x' }));
    const response = await client.get(`http://127.0.0.1:${hostile.port}/`, scope);
    expect(response.headers['content-encoding']).toBe('br');
    expect(await response.body.text()).toBe('x');
    hostile.abort();
  });
});
