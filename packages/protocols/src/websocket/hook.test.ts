import { createScope, type Scope } from '@roundhouse/core';
import { createMemoryNetwork, createRuntime, type NetRuntime } from '@roundhouse/net';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serveHttp } from '../http/index.ts';
import { connectWebSocket } from './client.ts';
import { echo } from './echo.fixture.ts';
import { webSocketHook } from './upgrade.ts';

let clock: FakeClock;
let runtime: NetRuntime;
let scope: Scope;

beforeEach(() => {
  clock = new FakeClock();
  const { dialer, listen } = createMemoryNetwork();
  runtime = createRuntime({ clock, dialer, listen });
  scope = createScope({ clock });
});
afterEach(async () => {
  scope.end();
  await clock.advance(60_000);
  expect(clock.pendingTimers).toBe(0);
});

describe.each(['1.1', '2'] as const)('the hook of our HTTP server, over HTTP/%s', (http) => {
  it('hands a connection over', async () => {
    const upgrade = webSocketHook({ subprotocols: ['chat'] }, echo, runtime);
    const server = await serveHttp({ h2c: true, upgrade }, () => ({ status: 404 }), runtime, scope);
    const url = `ws://localhost:${server.port}/chat`;
    const socket = await connectWebSocket({ url, http, subprotocols: ['chat'] }, scope, runtime);
    expect(socket.subprotocol).toBe('chat');
    for (const message of ['hello', 'x'.repeat(100_000)]) {
      void socket.send(message, scope);
      expect(await socket.receive(scope)).toBe(message);
    }
    expect(await socket.close(1000)).toMatchObject({ code: 1000, isClean: true });
    server.abort();
  });

  it('says that it goes away when the server is drained', async () => {
    const upgrade = webSocketHook({}, echo, runtime);
    const server = await serveHttp({ h2c: true, upgrade }, () => ({ status: 404 }), runtime, scope);
    const socket = await connectWebSocket({ url: `ws://localhost:${server.port}/`, http }, scope, runtime);
    await socket.send('hello', scope);
    expect(await socket.receive(scope)).toBe('hello');
    const report = server.drain();
    expect(await socket.ended).toMatchObject({ code: 1001, isClean: true });
    expect(await report).toMatchObject({ cut: 0 });
  });

  it('turns away whom it does not let in', async () => {
    const authorize = () => ({ status: 401, reason: 'Who are you?' });
    const upgrade = webSocketHook({ authorize }, echo, runtime);
    const server = await serveHttp({ h2c: true, upgrade }, () => ({ status: 404 }), runtime, scope);
    const url = `ws://localhost:${server.port}/`;
    await expect(connectWebSocket({ url, http }, scope, runtime)).rejects.toMatchObject({ code: 'PEER_LOGIN_REFUSED' });
    server.abort();
  });
});
