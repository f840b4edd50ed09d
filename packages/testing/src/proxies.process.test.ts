import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope, Secret } from '@roundhouse/core';
import {
  createHttpConnectDialer,
  createRuntime,
  createSocks5Dialer,
  type Dialer,
  directDialer,
  dialTransport,
  listen,
  type Target,
  type Transport,
} from '@roundhouse/net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCertificateAuthority } from './certificate.ts';
import { GREETING, serveEcho } from './dialerCompliance.ts';
import { isInstalled, type PeerProcess, startPeer } from './peerProcess.ts';
import { freePort, untilListening } from './port.ts';

const HOST = '127.0.0.1';
const TIMEOUTS = { connectMs: 10_000, tlsMs: 10_000 };
const credentials = { username: 'joe', password: new Secret('sesame') };

const parts = new AsyncDisposableStack();
const scope = createScope();
let target: Target;
let nobody: Target;

beforeAll(async () => {
  parts.defer(() => scope.end());
  target = { host: 'localhost', port: (await listen({ host: HOST, port: 0 }, serveEcho, scope)).port };
  nobody = { host: HOST, port: await freePort() };
});
afterAll(() => parts.disposeAsync());

/** Where the proxy listens, when it does. */
async function opened(port: number, peer: PeerProcess): Promise<Target> {
  using starting = scope.child({ what: 'The proxy', timeoutMs: 20_000 });
  await untilListening(peer, port, starting);
  return { host: HOST, port };
}

async function greetingThrough(dialer: Dialer): Promise<string> {
  const transport: Transport = await dialTransport(target, { timeouts: TIMEOUTS }, createRuntime({ dialer }), scope);
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = '';
  transport.start({
    data: (chunk) => {
      text += Buffer.from(chunk).toString();
      if (text === GREETING) transport.write(Buffer.from('!'));
      if (text === `${GREETING}!`) resolve(text);
    },
    ended: () => void transport.close(),
    closed: () => resolve(text),
  });
  try {
    return await promise;
  } finally {
    await transport.close();
  }
}

describe.skipIf(!isInstalled('microsocks'))('microsocks', () => {
  const start = async (...args: string[]): Promise<Target> => {
    const port = await freePort();
    return opened(port, parts.use(await startPeer('microsocks', ['-i', HOST, '-p', String(port), ...args])));
  };

  it('connects us, by name', async () => {
    const proxy = await start();
    expect(await greetingThrough(createSocks5Dialer({ proxy }, directDialer))).toBe(`${GREETING}!`);
  });

  it('tells of a refusal', async () => {
    const dialer = createSocks5Dialer({ proxy: await start() }, directDialer);
    await expect(dialer.dial(nobody, scope)).rejects.toMatchObject({ code: 'CONNECT_REFUSED' });
  });

  it('takes our log-in, and no wrong one', async () => {
    const proxy = await start('-u', 'joe', '-P', 'sesame');
    expect(await greetingThrough(createSocks5Dialer({ proxy, credentials }, directDialer))).toBe(`${GREETING}!`);
    const wrong = { ...credentials, password: new Secret('x') };
    const refused = { code: 'PROXY_REFUSED', phase: 'authenticate' };
    for (const dialer of [
      createSocks5Dialer({ proxy, credentials: wrong }, directDialer),
      createSocks5Dialer({ proxy }, directDialer),
    ]) {
      await expect(dialer.dial(target, scope)).rejects.toMatchObject(refused);
    }
  });
});

describe.skipIf(!isInstalled('tinyproxy'))('tinyproxy', () => {
  const start = async (...lines: string[]): Promise<Target> => {
    const folder = await mkdtemp(join(tmpdir(), 'roundhouse-tinyproxy-'));
    parts.defer(() => rm(folder, { recursive: true, force: true }));
    const port = await freePort();
    const file = join(folder, 'tinyproxy.conf');
    await writeFile(file, [`Port ${port}`, `Listen ${HOST}`, `Timeout 600`, ...lines, ''].join('\n'));
    return opened(port, parts.use(await startPeer('tinyproxy', ['-d', '-c', file])));
  };

  it('connects us, by name', async () => {
    const proxy = await start();
    expect(await greetingThrough(createHttpConnectDialer({ proxy }, directDialer))).toBe(`${GREETING}!`);
  });

  it('tells that it could not connect', async () => {
    const dialer = createHttpConnectDialer({ proxy: await start() }, directDialer);
    await expect(dialer.dial(nobody, scope)).rejects.toMatchObject({ code: /^(PEER_UNAVAILABLE|PROXY_REFUSED)$/ });
  });

  it('takes our log-in, and tells that it wants one', async () => {
    const proxy = await start('BasicAuth joe sesame');
    expect(await greetingThrough(createHttpConnectDialer({ proxy, credentials }, directDialer))).toBe(`${GREETING}!`);
    const bare = createHttpConnectDialer({ proxy }, directDialer);
    await expect(bare.dial(target, scope)).rejects.toMatchObject({
      code: 'PROXY_REFUSED',
      phase: 'authenticate',
      remote: { status: expect.stringMatching(/^40[17]$/) },
    });
  });

  it('is reached over TLS, and TLS to the target lies in that', async () => {
    const authority = createCertificateAuthority();
    const proxy = await start();
    // What ends TLS in front of the proxy.
    const front = await listen(
      { host: HOST, port: 0, tls: authority.issue() },
      (near) => void relay(near, proxy),
      scope,
    );
    const secret = await listen({ host: HOST, port: 0, tls: authority.issue() }, serveEcho, scope);
    const tls = { ca: authority.cert };
    const dialer = createHttpConnectDialer({ proxy: { host: HOST, port: front.port }, tls }, directDialer);
    const to = { host: 'localhost', port: secret.port };
    const transport = await dialTransport(to, { tls, timeouts: TIMEOUTS }, createRuntime({ dialer }), scope);
    expect(transport.tls).toMatchObject({ verified: true });
    const first = Promise.withResolvers<string>();
    transport.start({
      data: (chunk) => first.resolve(Buffer.from(chunk).toString()),
      ended: () => void transport.close(),
      closed: () => first.resolve(''),
    });
    expect(await first.promise).toBe(GREETING);
    transport.destroy();
  });
});

async function relay(near: Transport, to: Target): Promise<void> {
  const far = await dialTransport(to, { timeouts: TIMEOUTS }, createRuntime(), scope);
  const join = (from: Transport, other: Transport): void =>
    from.start({
      data: (chunk) => void other.write(Uint8Array.from(chunk)),
      ended: () => void other.close(),
      closed: () => other.destroy(),
    });
  join(near, far);
  join(far, near);
}
