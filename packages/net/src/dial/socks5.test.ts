import { createScope, Secret } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { duplexOf } from '../bytes/duplex.ts';
import type { Target } from '../socket.ts';
import { createMemoryNetwork } from './memoryNetwork.ts';
import { createSocks5Dialer, type Socks5Options } from './socks5.ts';

const PROXY = { host: 'proxy.example', port: 1080 };
const CONNECTED = [5, 0, 0, 1, 127, 0, 0, 1, 0, 80];

/** Dials through a proxy that gives these answers, and returns what it was sent. */
async function dial(target: Target, answers: readonly number[][], options: Partial<Socks5Options> = {}) {
  using scope = createScope();
  const network = createMemoryNetwork();
  const sent: number[][] = [];
  await network.listen(
    PROXY,
    (transport) => {
      const stream = duplexOf(transport);
      stream.on('data', (chunk: Buffer) => {
        sent.push([...chunk]);
        const answer = answers[sent.length - 1];
        if (answer !== undefined) stream.write(Uint8Array.from(answer));
      });
    },
    scope,
  );
  const dialer = createSocks5Dialer({ proxy: PROXY, ...options }, network.dialer);
  const dialled = await dialer.dial(target, scope);
  dialled.stream.destroy();
  return { sent, dialled };
}

describe('a SOCKS5 dialer', () => {
  const ascii = (text: string): number[] => [...Buffer.from(text)];

  it.each<[what: string, host: string, bytes: number[]]>([
    ['a name, which the proxy resolves', 'host.example', [3, 12, ...ascii('host.example')]],
    ['IPv4', '192.0.2.1', [1, 192, 0, 2, 1]],
    ['IPv6', '2001:db8::5', [4, 0x20, 1, 0x0d, 0xb8, ...Array<number>(11).fill(0), 5]],
    ['all of IPv6', '1:2:3:4:5:6:7:8', [4, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
    ['IPv6 of nothing', '::', [4, ...Array<number>(16).fill(0)]],
    ['IPv4 in IPv6', '::ffff:192.0.2.1', [4, ...Array<number>(10).fill(0), 0xff, 0xff, 192, 0, 2, 1]],
  ])('asks for %s (RFC 1928 §4, §5)', async (_what, host, bytes) => {
    const { sent, dialled } = await dial({ host, port: 0x1234 }, [[5, 0], CONNECTED]);
    expect(sent).toEqual([
      [5, 1, 0],
      [5, 1, 0, ...bytes, 0x12, 0x34],
    ]);
    expect(dialled.host).toBe(host);
  });

  it('logs in when the proxy wants it (RFC 1929 §2), and not otherwise', async () => {
    const credentials = { username: 'joe', password: new Secret('pass') };
    const target = { host: '192.0.2.1', port: 80 };
    const asked = await dial(target, [[5, 2], [1, 0], CONNECTED], { credentials });
    expect(asked.sent.slice(0, 2)).toEqual([
      [5, 2, 0, 2],
      [1, 3, ...ascii('joe'), 4, ...ascii('pass')],
    ]);
    const notAsked = await dial(target, [[5, 0], CONNECTED], { credentials });
    expect(notAsked.sent).toHaveLength(2);
  });

  it.each([
    [1, 'PROXY_REFUSED'],
    [2, 'PROXY_REFUSED'],
    [3, 'CONNECT_UNREACHABLE'],
    [4, 'CONNECT_UNREACHABLE'],
    [5, 'CONNECT_REFUSED'],
    [6, 'CONNECT_UNREACHABLE'],
    [7, 'PROXY_REFUSED'],
    [8, 'PROXY_REFUSED'],
    [9, 'PROXY_REFUSED'],
    [255, 'PROXY_REFUSED'],
  ])('reply %i is %s (RFC 1928 §6)', async (reply, code) => {
    const dialling = dial({ host: 'host.example', port: 80 }, [
      [5, 0],
      [5, reply, 0, 1, 0, 0, 0, 0, 0, 0],
    ]);
    await expect(dialling).rejects.toMatchObject({
      code,
      phase: 'negotiate',
      peer: 'host.example:80',
      sent: 'none',
      remote: { status: String(reply) },
      details: { proxy: 'proxy.example:1080' },
    });
  });

  it.each<[title: string, answers: number[][], options: Partial<Socks5Options>, error: object]>([
    ['a log-in without credentials', [[5, 0xff]], {}, { code: 'PROXY_REFUSED', phase: 'authenticate' }],
    [
      'wrong credentials',
      [
        [5, 2],
        [1, 1],
      ],
      { credentials: { username: 'joe', password: new Secret('wrong') } },
      { code: 'PROXY_REFUSED', phase: 'authenticate' },
    ],
    ['a method that was not offered', [[5, 2]], {}, { code: 'PROTOCOL_VIOLATION' }],
    ['SOCKS4', [[0, 90]], {}, { code: 'PROTOCOL_VIOLATION' }],
    [
      'an unknown type of address',
      [
        [5, 0],
        [5, 0, 0, 9, 0, 0],
      ],
      {},
      { code: 'PROTOCOL_VIOLATION' },
    ],
  ])('tells %s', async (_title, answers, options, error) => {
    await expect(dial({ host: 'host.example', port: 80 }, answers, options)).rejects.toMatchObject(error);
  });

  it('shows the password nowhere', async () => {
    const credentials = { username: 'joe', password: new Secret('correct-horse') };
    const failed = await dial(
      { host: 'host.example', port: 80 },
      [
        [5, 2],
        [1, 1],
      ],
      { credentials },
    ).catch((error: unknown) => error);
    expect(JSON.stringify(failed) + String(failed)).not.toContain('correct-horse');
  });

  it('cannot lead to a Unix socket', async () => {
    await expect(dial({ path: '/run/x' }, [])).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
  });

  it.each(['', 'x'.repeat(256)])('takes credentials of 1 to 255 bytes', (username) => {
    const options = { proxy: PROXY, credentials: { username, password: new Secret('x') } };
    expect(() => createSocks5Dialer(options, createMemoryNetwork().dialer)).toThrow(
      expect.objectContaining({ code: 'NET_OPTION_INVALID' }),
    );
  });
});
