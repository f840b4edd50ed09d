import type { Duplex } from 'node:stream';
import type { Scope } from '@roundhouse/core';
import { afterEach, describe, expect, it } from 'vitest';
import {
  ERROR,
  FLAG,
  frame,
  framesIn,
  literals,
  setting,
  START,
  TYPE,
  verdictOf,
} from '../conformance/frames.fixture.ts';
import { type RawWorld, rawWorld } from '../conformance/raw.fixture.ts';
import { httpError } from '../errors.ts';
import { text } from '../message.ts';
import type { HttpServerOptions, UpgradeHook } from './options.ts';

const UPGRADE = (protocol: string): string =>
  `GET /talk?a=1 HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: ${protocol}\r\n\r\n`;
const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n';

let world: RawWorld;
afterEach(() => world[Symbol.dispose]());

async function served(upgrade: UpgradeHook | undefined, more: HttpServerOptions = {}) {
  const options = { upgradeProtocols: ['echo'], h2c: true, ...(upgrade && { upgrade }), ...more };
  world = await rawWorld(({ path }) => text(`served ${path}`), options);
  return await world.connect();
}

/** Sends back what comes. */
const echo: UpgradeHook = (_request, stream, head) => {
  stream.write(SWITCHING);
  stream.write(head);
  stream.pipe(stream);
  return true;
};

describe('the upgrade of HTTP/1.1', () => {
  it('hands the connection over, with what came behind the request', async () => {
    let asked: unknown;
    const client = await served((request, stream, head, scope, whenDraining) => {
      const { method, path, version, headers } = request;
      asked = { method, path, query: request.query.get('a'), version, wanted: headers['upgrade'] };
      return echo(request, stream, head, scope, whenDraining);
    });
    await client.send(Buffer.from(`${UPGRADE('echo')}first `));
    await client.send(Buffer.from('then'));
    expect(client.received.toString()).toBe(`${SWITCHING}first then`);
    expect(asked).toEqual({ method: 'GET', path: '/talk', query: '1', version: '1.1', wanted: 'echo' });
    expect(world.server.inFlight).toBe(1);
  });

  it('is not for other protocols: those requests are served as if they had none', async () => {
    let calls = 0;
    const client = await served(() => {
      calls += 1;
      return true;
    });
    await client.send(Buffer.from(UPGRADE('h2c')));
    expect(client.received.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*served \/talk$/);
    expect(calls).toBe(0);
  });

  it('is not at all without a hook', async () => {
    const client = await served(undefined);
    await client.send(Buffer.from(UPGRADE('echo')));
    expect(client.received.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*served \/talk$/);
  });

  it.each([
    ['does not want it', (): boolean => false, /^HTTP\/1\.1 404 [^]*HTTP_ROUTE_NOT_FOUND/],
    [
      'raises a code',
      (): boolean => {
        throw httpError('HTTP_METHOD_NOT_ALLOWED', { details: { path: '/talk', method: 'GET' } });
      },
      /^HTTP\/1\.1 405 [^]*HTTP_METHOD_NOT_ALLOWED/,
    ],
    [
      'fails',
      (): boolean => {
        throw new Error('broken');
      },
      /^HTTP\/1\.1 500 [^]*INTERNAL/,
    ],
  ] as const)('is refused when the hook %s, and the connection ends', async (_name, hook, answer) => {
    const client = await served(hook);
    await client.send(Buffer.from(UPGRADE('echo')));
    expect(client.received.toString()).toMatch(answer);
    expect(client.received.toString()).not.toContain('broken');
    await world.clock.advance(1_000);
    await client.quiet();
    expect(client.isClosed).toBe(true);
    expect(world.server.inFlight).toBe(0);
  });

  it('is over when the client leaves: the scope ends, and the work is done', async () => {
    let ended = false;
    const client = await served((_request, stream, _head, scope) => {
      scope.onEnd(() => void (ended = true));
      stream.write(SWITCHING);
      stream.resume();
      return true;
    });
    await client.send(Buffer.from(UPGRADE('echo')));
    expect([ended, world.server.inFlight]).toEqual([false, 1]);
    client.destroy();
    await client.quiet();
    expect([ended, world.server.inFlight]).toEqual([true, 0]);
  });

  it('is waited for by a drain, and cut when the time is over', async () => {
    const taken: { stream: Duplex; scope: Scope }[] = [];
    const client = await served((request, stream, head, scope, whenDraining) => {
      taken.push({ stream, scope });
      return echo(request, stream, head, scope, whenDraining);
    });
    await client.send(Buffer.from(UPGRADE('echo')));
    const draining = world.server.drain({ timeoutMs: 500 });
    await client.send(Buffer.from('still here'));
    expect(client.received.toString()).toBe(`${SWITCHING}still here`);
    await world.clock.advance(500);
    expect(await draining).toMatchObject({ finished: 0, cut: 1, elapsedMs: 500 });
    expect(taken[0]?.stream.destroyed).toBe(true);
    expect(taken[0]?.scope.signal.aborted).toBe(true);
  });
});

describe('the extended CONNECT of HTTP/2 (RFC 8441)', () => {
  /** SETTINGS_ENABLE_CONNECT_PROTOCOL, RFC 8441 §3. */
  const ENABLE_CONNECT = setting(8, 1);
  const connect = (protocol: string): Buffer =>
    frame(
      TYPE.HEADERS,
      FLAG.END_HEADERS,
      1,
      literals(
        [':method', 'CONNECT'],
        [':protocol', protocol],
        [':scheme', 'http'],
        [':path', '/talk'],
        [':authority', 'a'],
      ),
    );

  it('is announced where there is a hook, and hands the stream over', async () => {
    const client = await served((_request, stream) => {
      (stream as Duplex & { respond(fields: object): void }).respond({ ':status': 200 });
      stream.pipe(stream);
      return true;
    });
    await client.send(START);
    const settings = framesIn(client.received).find(({ type, flags }) => type === TYPE.SETTINGS && flags === 0);
    expect(settings?.payload.includes(ENABLE_CONNECT)).toBe(true);
    await client.send(Buffer.concat([connect('echo'), frame(TYPE.DATA, 0, 1, Buffer.from('hello'))]));
    const data = framesIn(client.received).filter(({ type }) => type === TYPE.DATA);
    expect(Buffer.concat(data.map(({ payload }) => payload)).toString()).toBe('hello');
  });

  it('is neither announced nor taken without one', async () => {
    const client = await served(undefined);
    await client.send(START);
    const settings = framesIn(client.received).find(({ type, flags }) => type === TYPE.SETTINGS && flags === 0);
    expect(settings?.payload.includes(ENABLE_CONNECT)).toBe(false);
    await client.send(connect('echo'));
    expect(verdictOf(framesIn(client.received))).toBe(`the stream ends with ${ERROR.PROTOCOL}`);
  });

  it.each([
    ['another protocol', 'other', (): boolean => true, 'HTTP_METHOD_NOT_ALLOWED'],
    ['what the hook does not want', 'echo', (): boolean => false, 'HTTP_ROUTE_NOT_FOUND'],
    [
      'what the hook fails with',
      'echo',
      (): boolean => {
        throw new Error('broken');
      },
      'INTERNAL',
    ],
  ] as const)('is refused for %s, and the connection goes on', async (_name, protocol, hook, code) => {
    const client = await served(hook);
    await client.send(Buffer.concat([START, connect(protocol)]));
    const data = framesIn(client.received).filter(({ type, stream }) => type === TYPE.DATA && stream === 1);
    expect(Buffer.concat(data.map(({ payload }) => payload)).toString()).toContain(code);
    const next = literals([':method', 'GET'], [':scheme', 'http'], [':path', '/next'], [':authority', 'a']);
    await client.send(frame(TYPE.HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM, 3, next));
    expect(client.received.toString('latin1')).toContain('served /next');
  });
});
