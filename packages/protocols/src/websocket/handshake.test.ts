import { parseHttpHead, type HttpHead } from '@roundhouse/net';
import { describe, expect, it } from 'vitest';
import {
  acceptOf,
  type ClientRequest,
  newKey,
  readAnswer,
  readHttp2Opening,
  readOpening,
  requestText,
} from './handshake.ts';

/** RFC 6455 §1.3. */
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

const REQUEST: ClientRequest = {
  target: '/chat',
  authority: 'server.example',
  key: KEY,
  subprotocols: ['chat', 'superchat'],
  extensions: undefined,
  headers: {},
};
const GOOD_ANSWER = {
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Accept': ACCEPT,
};

function answer(fields: Readonly<Record<string, string | undefined>>, line = 'HTTP/1.1 101 Switching Protocols') {
  const lines = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  const head = parseHttpHead(Buffer.from(`${[line, ...lines].join('\r\n')}\r\n\r\n`, 'latin1')) as HttpHead;
  return () => readAnswer(head, REQUEST, 'server.example:80');
}

describe('the handshake', () => {
  it('proves that the server has understood (RFC 6455 §1.3)', () => {
    expect(acceptOf(KEY)).toBe(ACCEPT);
    expect(newKey()).toMatch(/^[A-Za-z0-9+/]{22}==$/);
    expect(newKey()).not.toBe(newKey());
  });

  it('is asked for in the form of RFC 6455 §1.2', () => {
    expect(requestText(REQUEST).split('\r\n')).toEqual([
      'GET /chat HTTP/1.1',
      'Host: server.example',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Key: ${KEY}`,
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Protocol: chat, superchat',
      '',
      '',
    ]);
  });

  it.each([{}, { Upgrade: 'WebSocket' }, { Connection: 'keep-alive, upgrade' }, { 'Sec-WebSocket-Protocol': 'chat' }])(
    'is taken by the client with %o (RFC 6455 §4.1)',
    (fields) => {
      expect(answer({ ...GOOD_ANSWER, ...fields })()).toMatchObject({ extensions: undefined });
    },
  );

  it.each<[what: string, fields: Record<string, string | undefined>]>([
    ['another key', { 'Sec-WebSocket-Accept': 'AAAALMBiTxaQ9kYGzzhZRbK+xOo=' }],
    ['no accept', { 'Sec-WebSocket-Accept': undefined }],
    ['no Upgrade', { Upgrade: undefined }],
    ['another protocol', { Upgrade: 'h2c' }],
    ['no Connection', { Connection: 'close' }],
    ['a sub-protocol that was not offered', { 'Sec-WebSocket-Protocol': 'other' }],
    ['two sub-protocols', { 'Sec-WebSocket-Protocol': 'chat, superchat' }],
    ['an extension that was not offered', { 'Sec-WebSocket-Extensions': 'permessage-deflate' }],
  ])('is refused by the client with %s (RFC 6455 §4.1)', (_what, fields) => {
    expect(answer({ ...GOOD_ANSWER, ...fields })).toThrow(
      expect.objectContaining({ code: 'PROTOCOL_VIOLATION', phase: 'negotiate' }),
    );
  });

  it.each([
    ['HTTP/1.1 200 OK', 'PEER_REFUSED'],
    ['HTTP/1.1 301 Moved', 'PEER_REFUSED'],
    ['HTTP/1.1 401 Unauthorized', 'PEER_LOGIN_REFUSED'],
    ['HTTP/1.1 404 Not Found', 'PEER_NOT_FOUND'],
    ['HTTP/1.1 429 Slow down', 'PEER_UNAVAILABLE'],
    ['HTTP/1.1 503 Busy', 'PEER_UNAVAILABLE'],
    ['SSH-2.0-x', 'PROTOCOL_VIOLATION'],
  ])('that ends with %s is %s', (line, code) => {
    expect(answer(GOOD_ANSWER, line)).toThrow(expect.objectContaining({ code }));
  });

  const headers = {
    host: 'server.example',
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-key': KEY,
    'sec-websocket-version': '13',
  };
  const request = { method: 'GET', target: '/chat', headers };

  it.each<[what: string, change: Record<string, string | readonly string[] | undefined>]>([
    ['as browsers write it', { connection: 'keep-alive, Upgrade', upgrade: 'WebSocket' }],
    ['with sub-protocols', { 'sec-websocket-protocol': ['a', 'b , c'] }],
    ['with extensions nobody knows', { 'sec-websocket-extensions': 'x-unknown' }],
  ])('is taken by the server %s', (_what, change) => {
    expect(readOpening({ ...request, headers: { ...headers, ...change } })).toMatchObject({ key: KEY });
  });

  it.each<[what: string, change: Record<string, string | readonly string[] | undefined>, status: number]>([
    ['no Host', { host: undefined }, 400],
    ['two Hosts', { host: ['a', 'b'] }, 400],
    ['no Upgrade', { upgrade: undefined }, 426],
    ['no Connection', { connection: 'keep-alive' }, 426],
    ['no key', { 'sec-websocket-key': undefined }, 400],
    ['two keys', { 'sec-websocket-key': [KEY, KEY] }, 400],
    ['a key of 15 bytes', { 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAA' }, 400],
    ['a key that is no base64', { 'sec-websocket-key': '!!!!!!!!!!!!!!!!!!!!!!==' }, 400],
    ['no version', { 'sec-websocket-version': undefined }, 426],
    ['version 8', { 'sec-websocket-version': '8' }, 426],
    ['an empty sub-protocol', { 'sec-websocket-protocol': 'a,,b' }, 400],
    ['a sub-protocol twice', { 'sec-websocket-protocol': 'a, a' }, 400],
  ])('is refused by the server with %s (RFC 6455 §4.2.1)', (_what, change, status) => {
    expect(readOpening({ ...request, headers: { ...headers, ...change } })).toMatchObject({ status });
  });

  it('is refused by the server when the method is not GET, and says which version it has', () => {
    expect(readOpening({ ...request, method: 'POST' })).toMatchObject({ status: 405, headers: { Allow: 'GET' } });
    const old = readOpening({ ...request, headers: { ...headers, 'sec-websocket-version': '7' } });
    expect(old).toMatchObject({ headers: { 'Sec-WebSocket-Version': '13' } });
  });

  it('over HTTP/2 has neither key nor Upgrade (RFC 8441 §5)', () => {
    const connect = {
      method: 'CONNECT',
      target: '/',
      headers: { ':protocol': 'websocket', 'sec-websocket-version': '13' },
    };
    expect(readHttp2Opening(connect)).toMatchObject({ key: undefined, subprotocols: [] });
    expect(readHttp2Opening({ ...connect, method: 'GET' })).toMatchObject({ status: 501 });
    expect(readHttp2Opening({ ...connect, headers: { ':protocol': 'connect-udp' } })).toMatchObject({ status: 501 });
    expect(readHttp2Opening({ ...connect, headers: { ':protocol': 'websocket' } })).toMatchObject({ status: 400 });
  });
});
