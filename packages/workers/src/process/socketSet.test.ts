import { describe, expect, it } from 'vitest';
import type { SocketSpec } from '../spec/spec.ts';
import { socketEnvironment, socketSetOf } from './socketSet.ts';

const HTTP: SocketSpec = { name: 'http', host: '::1', port: 80 };
const ADMIN: SocketSpec = { name: 'admin', path: '/run/a b.sock' };

describe('the sockets of a program', () => {
  it('are none where none are asked for', () => {
    expect(socketSetOf({ sockets: [], umask: 0 })).toBeUndefined();
    expect(socketEnvironment({ sockets: [] })).toEqual({});
  });

  it('are told to the program by number and name, and to the shim by place', () => {
    expect(socketEnvironment({ sockets: [HTTP, ADMIN] })).toEqual({ LISTEN_FDS: '2', LISTEN_FDNAMES: 'http:admin' });
    expect(socketSetOf({ sockets: [HTTP, ADMIN], umask: 0o027 })?.text).toBe(
      'tcp\0::1\x0080\0unix\0/run/a b.sock\x0027\0',
    );
  });

  it.each<[string, boolean, readonly SocketSpec[], number]>([
    ['called otherwise', true, [{ ...HTTP, name: 'web' }, ADMIN], 0o022],
    ['in another order', false, [ADMIN, HTTP], 0o022],
    ['fewer', false, [HTTP], 0o022],
    ['elsewhere', false, [{ ...HTTP, port: 81 }, ADMIN], 0o022],
    ['for others', false, [HTTP, ADMIN], 0o077],
  ])('are the same or not when they are %s', (_, isSame, sockets, umask) => {
    const { key } = socketSetOf({ sockets: [HTTP, ADMIN], umask: 0o022 }) ?? {};
    expect(key).toMatch(/^[0-9a-f]{16}$/);
    expect(socketSetOf({ sockets, umask })?.key === key).toBe(isSame);
  });
});
