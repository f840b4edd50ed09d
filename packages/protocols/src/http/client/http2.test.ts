import { createScope, type Scope } from '@roundhouse/core';
import { createMemoryNetwork, createRuntime, type NetRuntime } from '@roundhouse/net';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { text } from '../message.ts';
import { serveHttp } from '../server/serveHttp.ts';
import { createHttpClient, type HttpClient } from './client.ts';
import { type Http2Peer, type PlayedConnection, playHttp2 } from './http2Peer.fixture.ts';

const TIMEOUTS = { greetingMs: 10_000, requestMs: 600_000, idleMs: 600_000 };
/** A connection with work on it is asked for a sign of life this often. */
const PING_MS = 15_000;

let clock: FakeClock;
let runtime: NetRuntime;
let scope: Scope;
let client: HttpClient;
let peer: Http2Peer;

beforeEach(() => {
  clock = new FakeClock();
  const { dialer, listen } = createMemoryNetwork();
  runtime = createRuntime({ clock, dialer, listen });
  scope = createScope({ clock });
  client = createHttpClient({ versions: ['h2'], timeouts: TIMEOUTS }, runtime);
});
afterEach(async () => {
  client.abort();
  peer.close();
  await expect.poll(() => clock.pendingTimers).toBe(0);
});

async function play(script: (connection: PlayedConnection, stream: number, index: number) => void): Promise<string> {
  peer = await playHttp2(runtime, script);
  return `http://localhost:${peer.port}/`;
}

/** Lets everything happen that needs no time. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('a connection of HTTP/2 that has work to do', () => {
  it('is asked for a sign of life now and then, and stays when there is one', async () => {
    const url = await play(() => {});
    const pending = client.get(url, scope);
    await expect.poll(() => peer.connections[0]?.requests).toEqual([1]);
    for (let count = 1; count <= 5; count += 1) {
      await clock.advance(PING_MS);
      await quiet();
      expect(peer.connections[0]?.pings).toBe(count);
    }
    peer.connections[0]?.answer(1);
    expect((await pending).status).toBe(200);
    await clock.advance(PING_MS);
    expect(peer.connections[0]?.pings, 'without work nobody is asked').toBe(5);
  });

  it('is given up when there is none, whatever time its requests have', async () => {
    const url = await play((connection) => void (connection.answersPings = false));
    const pending = client.request(url, { timeoutMs: Infinity }, scope);
    pending.catch(() => {});
    await expect.poll(() => peer.connections[0]?.requests).toEqual([1]);
    await clock.advance(PING_MS);
    await quiet();
    await clock.advance(TIMEOUTS.greetingMs - 1);
    expect(client.connections).toBe(1);
    await clock.advance(1);
    await expect(pending).rejects.toMatchObject({ code: 'TIMEOUT', phase: 'read', sent: 'maybe' });
    expect(client.connections).toBe(0);
  });
});

it('a connection in the clear is one over a socket of the system too', async () => {
  peer = await playHttp2(runtime, () => {});
  await using server = await serveHttp({ h2c: true }, ({ version }) => text(version));
  await using own = createHttpClient({ versions: ['h2'] });
  const response = await own.get(`http://127.0.0.1:${server.port}/`, createScope({ timeoutMs: 10_000 }));
  expect(await response.body.text()).toBe('2');
});

describe('a server that goes away (RFC 9113 §6.8)', () => {
  const NO_ERROR = 0;
  const CALM = 11;

  it.each([
    ['in peace', NO_ERROR],
    ['in anger', CALM],
  ])('%s: what it has not begun with is asked of another connection, whatever its method', async (_name, code) => {
    const url = await play((connection, stream, index) => {
      if (index === 0) connection.goAway(0, code);
      else connection.answer(stream);
    });
    const response = await client.request(url, { method: 'POST', body: 'once' }, scope);
    expect(response.status).toBe(200);
    expect(peer.connections.map(({ requests }) => requests)).toEqual([[1], [1]]);
  });

  it('is left what it has begun with, and gets nothing new', async () => {
    const url = await play((connection, stream, index) => {
      if (index === 0) connection.goAway(1);
      else connection.answer(stream);
    });
    const first = client.request(url, { method: 'POST', body: 'first' }, scope);
    await expect.poll(() => peer.connections[0]?.requests).toEqual([1]);
    await quiet();
    const second = await client.get(url, scope);
    expect(second.status).toBe(200);
    peer.connections[0]?.answer(1);
    expect((await first).status).toBe(200);
    expect(peer.connections.map(({ requests }) => requests)).toEqual([[1], [1]]);
  });

  it('is not asked a second time what it may have done', async () => {
    const url = await play((connection) => {
      connection.goAway(1, CALM);
      connection.end();
    });
    const pending = client.request(url, { method: 'POST', body: 'once' }, scope);
    await expect(pending).rejects.toMatchObject({ code: 'CONNECTION_LOST', sent: 'maybe' });
    expect(peer.connections).toHaveLength(1);
  });

  it('is not asked again with a stream of which a part is gone', async () => {
    const url = await play((connection) => connection.goAway(0));
    const body = (async function* () {
      yield 'one';
      await new Promise((resolve) => setImmediate(resolve));
      yield 'two';
    })();
    const pending = client.request(url, { method: 'PUT', body }, scope);
    await expect(pending).rejects.toMatchObject({ code: 'CONNECTION_LOST', sent: 'none' });
    expect(peer.connections).toHaveLength(1);
  });

  it('is asked three times and no more when it always goes', async () => {
    const url = await play((connection) => connection.goAway(0));
    await expect(client.get(url, scope)).rejects.toMatchObject({ code: 'CONNECTION_LOST', sent: 'none' });
    expect(peer.connections).toHaveLength(3);
  });
});
