import { createScope, Secret } from '@roundhouse/core';
import {
  createDirectDialer,
  createHttpConnectDialer,
  createMemoryNetwork,
  createSocks5Dialer,
  type Listener,
  listen,
} from '@roundhouse/net';
import { describe, it } from 'vitest';
import {
  dialerCompliance,
  type MakeDialerSubject,
  proxyCompliance,
  type ProxySubject,
  serveEcho,
} from './dialerCompliance.ts';
import { serveProxy } from './scriptedProxy.ts';

const direct: MakeDialerSubject = async (clock) => {
  const scope = createScope({ clock });
  const listener = await listen({ host: '127.0.0.1', port: 0 }, serveEcho, scope);
  const unused = await listen({ host: '127.0.0.1', port: 0 }, serveEcho, scope);
  await unused.close();
  return {
    dialer: createDirectDialer(),
    echo: { host: '127.0.0.1', port: listener.port },
    nobody: { host: '127.0.0.1', port: unused.port },
    held: () => listener.connections.size,
    release: async () => scope.end(),
  };
};

function inMemory(through?: 'socks5' | 'http-connect'): MakeDialerSubject {
  return async (clock) => {
    const scope = createScope({ clock });
    const network = createMemoryNetwork();
    const echo = await network.listen({ host: 'echo.example', port: 7 }, serveEcho, scope);
    const listeners: Listener[] = [echo];
    let { dialer } = network;
    if (through !== undefined) {
      const proxy = { host: 'proxy.example', port: 1080 };
      const serve = serveProxy(through, network.dialer, scope);
      listeners.push(await network.listen(proxy, serve, scope));
      const create = through === 'socks5' ? createSocks5Dialer : createHttpConnectDialer;
      dialer = create({ proxy }, network.dialer);
    }
    return {
      dialer,
      echo: { host: 'echo.example', port: 7 },
      nobody: { host: 'nobody.example', port: 9 },
      // RFC 9110 §15.6.3: the proxy could not, for whatever reason.
      ...(through === 'http-connect' && { refusal: 'PEER_UNAVAILABLE' }),
      held: () => listeners.reduce((sum, { connections }) => sum + connections.size, 0),
      release: async () => scope.end(),
    };
  };
}

const KINDS: Readonly<Record<string, MakeDialerSubject>> = {
  direct,
  memory: inMemory(),
  socks5: inMemory('socks5'),
  'http-connect': inMemory('http-connect'),
};

describe.each(Object.keys(KINDS))('the %s dialer', (kind) => {
  for (const { title, run } of dialerCompliance(KINDS[kind] as MakeDialerSubject)) it(title, run);
});

const credentials = { username: 'joe', password: new Secret('sesame') };
const text = (value: string): Uint8Array => Buffer.from(value);

const PROXIES: Readonly<Record<string, ProxySubject>> = {
  'a SOCKS5 proxy': {
    create: (proxy, via) => createSocks5Dialer({ proxy }, via),
    answers: [Uint8Array.of(5, 0), Uint8Array.of(5, 0, 0, 1, 127, 0, 0, 1, 4, 56)],
  },
  'a SOCKS5 proxy with a log-in': {
    create: (proxy, via) => createSocks5Dialer({ proxy, credentials }, via),
    answers: [Uint8Array.of(5, 2), Uint8Array.of(1, 0), Uint8Array.of(5, 0, 0, 3, 4, ...text('name'), 4, 56)],
  },
  'an HTTP proxy': {
    create: (proxy, via) => createHttpConnectDialer({ proxy }, via),
    answers: [text('HTTP/1.1 200 Connection established\r\nVia: proxy\r\n\r\n')],
  },
  'an HTTP proxy that says 100 first': {
    create: (proxy, via) => createHttpConnectDialer({ proxy, credentials }, via),
    answers: [text('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n')],
  },
};

describe.each(Object.keys(PROXIES))('a dialer through %s', (kind) => {
  for (const { title, run } of proxyCompliance(PROXIES[kind] as ProxySubject)) it(title, run);
});
