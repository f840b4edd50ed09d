import { createScope, Secret } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { duplexOf } from '../bytes/duplex.ts';
import { createHttpConnectDialer, type HttpConnectOptions } from './httpConnect.ts';
import { createMemoryNetwork } from './memoryNetwork.ts';

const PROXY = { host: 'proxy.example', port: 3128 };

/** Dials through a proxy that gives this answer, and returns what it was sent. */
async function dial(host: string, answer: string, options: Partial<HttpConnectOptions> = {}): Promise<string> {
  using scope = createScope();
  const network = createMemoryNetwork();
  let sent = '';
  await network.listen(
    PROXY,
    (transport) => {
      const stream = duplexOf(transport);
      stream.on('data', (chunk: Buffer) => {
        sent += chunk.toString('latin1');
        if (sent.endsWith('\r\n\r\n')) stream.write(answer);
      });
    },
    scope,
  );
  const dialer = createHttpConnectDialer({ proxy: PROXY, ...options }, network.dialer);
  (await dialer.dial({ host, port: 443 }, scope)).stream.destroy();
  return sent;
}

describe('an HTTP CONNECT dialer', () => {
  it('asks for an authority (RFC 9110 §9.3.6), IPv6 in brackets', async () => {
    expect(await dial('host.example', 'HTTP/1.1 200 OK\r\n\r\n')).toBe(
      'CONNECT host.example:443 HTTP/1.1\r\nHost: host.example:443\r\n\r\n',
    );
    expect(await dial('2001:db8::1', 'HTTP/1.0 204 x\r\n\r\n')).toMatch(/^CONNECT \[2001:db8::1\]:443 /);
  });

  it('logs in by Basic (RFC 7617 §2)', async () => {
    const credentials = { username: 'Aladdin', password: new Secret('open sesame') };
    expect(await dial('host.example', 'HTTP/1.1 200 OK\r\n\r\n', { credentials })).toContain(
      '\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n',
    );
  });

  it.each([
    ['403 Forbidden', { code: 'PROXY_REFUSED', phase: 'negotiate', retryable: false, peer: 'host.example:443' }],
    ['407 Proxy Authentication Required', { code: 'PROXY_REFUSED', phase: 'authenticate' }],
    ['302 Found', { code: 'PROXY_REFUSED' }],
    ['502 Bad Gateway', { code: 'PEER_UNAVAILABLE', retryable: true, peer: 'proxy.example:3128' }],
    ['503 Service Unavailable', { code: 'PEER_UNAVAILABLE' }],
    ['504 Gateway Timeout', { code: 'PEER_UNAVAILABLE' }],
    ['101 Switching Protocols', { code: 'PROTOCOL_VIOLATION' }],
  ])('%s is told as it is', async (line, error) => {
    const status = line.slice(0, 3);
    const remote = status === '101' ? null : { status, text: line.slice(4) };
    await expect(dial('host.example', `HTTP/1.1 ${line}\r\nX: y\r\n\r\n`)).rejects.toMatchObject({ ...error, remote });
  });

  it('shows the password nowhere', async () => {
    const credentials = { username: 'joe', password: new Secret('correct-horse') };
    const failed = await dial('host.example', 'HTTP/1.1 407 no\r\n\r\n', { credentials }).catch(
      (error: unknown) => error,
    );
    expect(JSON.stringify(failed) + String(failed)).not.toMatch(/correct-horse|Basic/);
  });

  it('refuses a user name that Basic cannot carry', () => {
    const options = { proxy: PROXY, credentials: { username: 'a:b', password: new Secret('x') } };
    expect(() => createHttpConnectDialer(options, createMemoryNetwork().dialer)).toThrow(
      expect.objectContaining({ code: 'NET_OPTION_INVALID' }),
    );
  });

  it('cannot lead to a Unix socket', async () => {
    const dialer = createHttpConnectDialer({ proxy: PROXY }, createMemoryNetwork().dialer);
    await expect(dialer.dial({ path: '/run/x' }, createScope())).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
  });
});
