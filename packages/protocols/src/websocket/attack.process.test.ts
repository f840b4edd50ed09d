import { deflateRawSync } from 'node:zlib';
import { createScope } from '@roundhouse/core';
import type { NetServer } from '@roundhouse/net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Attacker, type AttackEnd, FLOOD_BYTES, strike } from '../attack.fixture.ts';
import { connectWebSocket } from './client.ts';
import type { WebSocketConnection } from './connection.ts';
import { echo } from './echo.fixture.ts';
import { frameTo, type FrameOptions } from './rawPeer.fixture.ts';
import { serveWebSocket } from './server.ts';

const TIMEOUT = { timeout: 60_000 };
/** Of messages of five bytes: more than a million of them. */
const SMALL_FLOOD_BYTES = FLOOD_BYTES / 4;
const scope = createScope();
let server: NetServer;
let connection: WebSocketConnection;

beforeAll(async () => {
  server = await serveWebSocket(
    {
      compression: true,
      timeouts: { greetingMs: 1_000, idleMs: 6_000 },
      limits: { maxPerPeer: 300 },
    },
    // On `/deaf` nobody takes what comes.
    async (peer, request) =>
      request.target === '/deaf' ? await peer.closed.then(() => {}) : await echo(peer, request),
  );
  connection = await connectWebSocket({ url: `ws://127.0.0.1:${server.port}/` }, scope);
});
afterAll(() => {
  connection.abort();
  server.abort();
});

/** A new client and one that is there all the time. */
async function polite(): Promise<void> {
  const fresh = await connectWebSocket({ url: `ws://127.0.0.1:${server.port}/` }, scope);
  for (const each of [fresh, connection]) {
    await each.send('hello', scope);
    expect(await each.receive(scope)).toBe('hello');
  }
  await fresh.drain();
}

const opening = (target: string, extensions = ''): string =>
  `GET ${target} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${extensions}\r\n`;
const frames = (count: number, opcode: number, payload: string | Buffer, options: FrameOptions = {}): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => frameTo('server', opcode, payload, options)));
/** The close frame at the end of what was heard, by its code. */
const closeCode = (heard: string): number => {
  const at = heard.lastIndexOf('\x88');
  return at === -1 ? 0 : Buffer.from(heard, 'latin1').readUInt16BE(at + 2);
};

async function opened(to: Attacker, target: string, extensions?: string): Promise<void> {
  to.write(opening(target, extensions));
  for (let look = 0; look < 500 && !to.heard.includes('\r\n\r\n'); look++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(to.heard).toMatch(/^HTTP\/1\.1 101 /);
}

const part: FrameOptions = { isFinal: false };
const DEFLATE = 'Sec-WebSocket-Extensions: permessage-deflate\r\n';
const bomb = deflateRawSync(Buffer.alloc(64 * 1_048_576), { windowBits: 12, finishFlush: 2 }).subarray(0, -4);

describe('a server of WebSockets limits, and serves others all the time,', () => {
  it.each<[string, (to: Attacker) => Promise<AttackEnd>, RegExp]>([
    [
      'a handshake that comes byte by byte',
      (to) => (to.write('GET / HTTP/1.1\r\nX-A: '), to.drip(() => 'a', 100)),
      /^$|^HTTP\/1\.1 408 /,
    ],
    [
      'a handshake without an end',
      (to) => (to.write('GET / HTTP/1.1\r\nX-A: '), to.flood(() => Buffer.alloc(16_384, 'a'), FLOOD_BYTES)),
      /^$|^HTTP\/1\.1 (?:400|431) /,
    ],
    ['a connection that says nothing', (to) => to.wait(), /^$|^HTTP\/1\.1 408 /],
  ])('%s', TIMEOUT, async (_title, attack, hears) => {
    const { end, heard } = await strike(server.port, polite, attack);
    expect(heard).toMatch(hears);
    expect(end).toBe('closed');
  });

  it.each<[string, string, (to: Attacker) => Promise<AttackEnd>, AttackEnd, number]>([
    [
      'messages that nobody takes',
      '/deaf',
      (to) => to.flood(() => frames(500, 1, 'hello'), SMALL_FLOOD_BYTES),
      'held back',
      0,
    ],
    [
      'large messages that nobody takes',
      '/deaf',
      (to) => to.flood(() => frames(1, 2, Buffer.alloc(500_000)), FLOOD_BYTES),
      'held back',
      0,
    ],
    [
      'messages whose echoes are not taken',
      '/',
      (to) => (to.deafen(), to.flood(() => frames(500, 1, 'hello'), SMALL_FLOOD_BYTES)),
      'held back',
      0,
    ],
    [
      'fragments without an end',
      '/',
      (to) => (to.write(frames(1, 1, 'x', part)), to.flood(() => frames(500, 0, 'x', part), FLOOD_BYTES)),
      'closed',
      1008,
    ],
    [
      'fragments of nothing without an end',
      '/',
      (to) => (to.write(frames(1, 1, '', part)), to.flood(() => frames(500, 0, '', part), FLOOD_BYTES)),
      'closed',
      1008,
    ],
    [
      'a message without an end',
      '/',
      (to) => (
        to.write(frames(1, 2, Buffer.alloc(60_000), part)),
        to.flood(() => frames(1, 0, Buffer.alloc(60_000), part), FLOOD_BYTES)
      ),
      'closed',
      1009,
    ],
    [
      'a length that nobody has',
      '/',
      (to) => (to.write(Buffer.from('82ff7fffffffffffffff00000000', 'hex')), to.wait()),
      'closed',
      1009,
    ],
    ['a silent peer', '/', (to) => to.wait(), 'closed', 0],
  ])('%s', TIMEOUT, async (_title, target, attack, end, code) => {
    const report = await strike(server.port, polite, async (to) => (await opened(to, target), attack(to)));
    // One that is held back for long counts as dead.
    expect(report.end === 'closed' && end === 'held back' ? end : report.end).toBe(end);
    if (code !== 0) expect(closeCode(report.heard)).toBe(code);
  });

  it('pings without an end, the answers not taken', TIMEOUT, async () => {
    const { end } = await strike(server.port, polite, async (to) => {
      await opened(to, '/');
      to.deafen();
      return to.flood(() => frames(500, 9, Buffer.alloc(125)), FLOOD_BYTES);
    });
    // All are read; of the answers that cannot go the last one waits.
    expect(['unlimited', 'held back']).toContain(end);
  });

  it('a small message that inflates to a large one', TIMEOUT, async () => {
    const report = await strike(server.port, polite, async (to) => {
      await opened(to, '/', DEFLATE);
      to.write(frameTo('server', 2, bomb, { rsv: 4 }));
      return to.wait();
    });
    expect(report.end).toBe('closed');
    expect(closeCode(report.heard)).toBe(1009);
  });

  it('small messages without an end that inflate to larger ones', TIMEOUT, async () => {
    const some = deflateRawSync(Buffer.alloc(900_000), { windowBits: 12, finishFlush: 2 }).subarray(0, -4);
    const { end } = await strike(server.port, polite, async (to) => {
      await opened(to, '/deaf', DEFLATE);
      return to.flood(() => frameTo('server', 2, some, { rsv: 4 }), FLOOD_BYTES);
    });
    expect(end).not.toBe('unlimited');
  });
});
