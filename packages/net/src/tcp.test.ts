import { createServer, type Server } from 'node:net';
import { createScope, type RoundhouseError, type Scope } from '@roundhouse/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Listener, type ListenOptions, listen } from './listener.ts';
import { connectTcp } from './tcp.ts';
import type { Transport, TransportHandler } from './transport.ts';

const HOST = '127.0.0.1';
const quiet: TransportHandler = { data() {}, ended() {}, closed() {} };

let scope: Scope;
let opened: Listener[];

beforeEach(() => {
  scope = createScope();
  opened = [];
});

afterEach(() => {
  for (const listener of opened) listener.destroy();
  scope.end();
});

async function serve(
  onConnection: (transport: Transport) => void,
  options: Partial<ListenOptions> = {},
): Promise<Listener> {
  const listener = await listen({ host: HOST, port: 0, ...options }, onConnection, scope);
  opened.push(listener);
  return listener;
}

async function failure(promise: Promise<unknown>): Promise<RoundhouseError> {
  return promise.then(
    () => expect.unreachable('it did not fail'),
    (error: RoundhouseError) => error,
  );
}

function closing(transport: Transport): Promise<RoundhouseError | undefined> {
  return new Promise((resolve) => transport.start({ ...quiet, ended: () => void transport.close(), closed: resolve }));
}

/** A port on which nothing listens. */
async function freePort(): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('connectTcp', () => {
  it('says that nothing listens', async () => {
    const port = await freePort();
    const error = await failure(connectTcp({ host: HOST, port }, scope));
    expect(error).toMatchObject({ code: 'CONNECT_REFUSED', phase: 'connect', peer: `${HOST}:${port}`, sent: 'none' });
  });

  it('says that there is no such name', async () => {
    // RFC 6761 §6.4: `invalid` never resolves. Without a name server the answer is "temporary".
    const error = await failure(connectTcp({ host: 'nobody.invalid', port: 23 }, scope));
    expect(error).toMatchObject({ code: expect.stringMatching(/^NAME_/), phase: 'resolve', peer: 'nobody.invalid:23' });
  });

  it.each([
    [{ host: 'a b', port: 23 }],
    [{ host: HOST, port: 0 }],
    [{ host: HOST, port: 23, localAddress: 'localhost' }],
  ])('refuses %j before it does anything', async (options) => {
    expect(await failure(connectTcp(options, scope))).toMatchObject({ code: 'ADDRESS_INVALID' });
  });

  it('says when the local address is not of this machine', async () => {
    const { port } = await serve(() => {});
    // RFC 5737: never assigned.
    const error = await failure(connectTcp({ host: HOST, port, localAddress: '192.0.2.1' }, scope));
    expect(error).toMatchObject({ code: 'ADDRESS_NOT_AVAILABLE', details: { address: '192.0.2.1' } });
  });

  it('connects from the local address given', async () => {
    const accepted = Promise.withResolvers<Transport>();
    const { port } = await serve(accepted.resolve);
    const transport = await connectTcp({ host: HOST, port, localAddress: '127.0.0.2' }, scope);
    expect(transport.local).toMatch(/^127\.0\.0\.2:\d+$/);
    expect((await accepted.promise).peer).toBe(transport.local);
  });

  it('does not start in a scope that has ended, and leaves an unfinished attempt when it ends', async () => {
    const { port } = await serve(() => {});
    const ending = scope.child();
    const attempt = failure(connectTcp({ host: HOST, port }, ending));
    ending.end();
    expect(await attempt).toMatchObject({ code: 'CANCELLED' });
    expect(await failure(connectTcp({ host: HOST, port }, ending))).toMatchObject({ code: 'CANCELLED' });
  });

  it('is handed over: the end of the scope does not touch it', async () => {
    const { port } = await serve((transport) => transport.start(quiet));
    const child = scope.child();
    const transport = await connectTcp({ host: HOST, port }, child);
    child.end();
    expect(transport.state).toBe('open');
    transport.destroy();
  });
});

describe('listen', () => {
  it('says that the address is in use', async () => {
    const { port } = await serve(() => {});
    expect(await failure(listen({ host: HOST, port }, () => {}, scope))).toMatchObject({
      code: 'ADDRESS_IN_USE',
      details: { address: `${HOST}:${port}` },
    });
  });

  it('says that the address is not of this machine', async () => {
    expect(await failure(listen({ host: '192.0.2.1', port: 0 }, () => {}))).toMatchObject({
      code: 'ADDRESS_NOT_AVAILABLE',
    });
  });

  it('frees the port on close and lets open connections live', async () => {
    const accepted = Promise.withResolvers<Transport>();
    const listener = await serve(accepted.resolve);
    const transport = await connectTcp({ host: HOST, port: listener.port }, scope);
    const far = await accepted.promise;
    await listener.close();
    await listener.close();
    opened.push(await listen({ host: HOST, port: listener.port }, () => {}, scope));
    const heard = new Promise<string>((resolve) => {
      far.start({ ...quiet, data: (chunk) => resolve(Buffer.from(chunk).toString()) });
    });
    transport.write(Buffer.from('still here'));
    expect(await heard).toBe('still here');
    expect(listener.connections.size).toBe(1);
  });

  it('closeAll ends each connection in good order', async () => {
    const accepted = Promise.withResolvers<Transport>();
    const listener = await serve(accepted.resolve);
    const transport = await connectTcp({ host: HOST, port: listener.port }, scope);
    const ended = closing(transport);
    const farEnded = closing(await accepted.promise);
    await listener.closeAll();
    expect(await ended).toBeUndefined();
    expect(await farEnded).toBeUndefined();
    expect(listener.connections.size).toBe(0);
  });

  it('is destroyed with its connections by the end of its scope', async () => {
    const accepted = Promise.withResolvers<Transport>();
    const own = scope.child();
    const listener = await listen({ host: HOST, port: 0 }, accepted.resolve, own);
    const transport = await connectTcp({ host: HOST, port: listener.port }, scope);
    const lost = closing(transport);
    const far = closing(await accepted.promise);
    own.end();
    expect(await far).toMatchObject({ code: 'CANCELLED' });
    expect(await lost).toMatchObject({ code: 'CONNECTION_LOST', phase: 'read', sent: 'none' });
    expect(await failure(connectTcp({ host: HOST, port: listener.port }, scope))).toMatchObject({
      code: 'CONNECT_REFUSED',
    });
  });

  it('cuts connections above the maximum at once', async () => {
    const { port } = await serve((transport) => transport.start(quiet), { maxConnections: 1 });
    const first = await connectTcp({ host: HOST, port }, scope);
    first.start(quiet);
    const second = await connectTcp({ host: HOST, port }, scope);
    await closing(second);
    expect(first.state).toBe('open');
    first.destroy();
  });

  it('survives a connection handler that throws', async () => {
    const errors: RoundhouseError[] = [];
    const { port } = await serve(
      () => {
        throw new Error('bug');
      },
      { onClientError: (error) => errors.push(error) },
    );
    for (let attempt = 0; attempt < 2; attempt++) {
      // The reset may come before the client has seen the connection stand.
      await connectTcp({ host: HOST, port }, scope).then(closing, () => {});
    }
    expect(errors).toMatchObject([{ code: 'INTERNAL' }, { code: 'INTERNAL' }]);
  });

  it('keeps what many connections send apart though they share one read buffer', async () => {
    const { port } = await serve((transport) => {
      transport.start({ ...quiet, data: (chunk) => void transport.write(Uint8Array.from(chunk)) });
    });
    const echoes = Array.from({ length: 50 }, async (_, index) => {
      const transport = await connectTcp({ host: HOST, port }, scope);
      const sent = `connection ${index} `.repeat(500);
      const parts: Buffer[] = [];
      await new Promise<void>((resolve) => {
        const data = (chunk: Uint8Array): void => {
          parts.push(Buffer.from(chunk));
          if (Buffer.concat(parts).length >= sent.length) resolve();
        };
        transport.start({ ...quiet, data });
        transport.write(Buffer.from(sent));
      });
      transport.destroy();
      return Buffer.concat(parts).toString() === sent;
    });
    expect(await Promise.all(echoes)).toEqual(Array(50).fill(true));
  });
});
