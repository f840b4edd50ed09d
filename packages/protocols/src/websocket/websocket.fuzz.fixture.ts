import assert from 'node:assert/strict';
import { createScope } from '@roundhouse/core';
import { createMemoryNetwork, createRuntime, dialTransport, DEFAULT_TIMEOUTS, parseHttpHead } from '@roundhouse/net';
import {
  codedOnly,
  cuts,
  FakeClock,
  fuzzTarget,
  type FuzzTarget,
  piecesOf,
  textOfWords,
  wordsAndNoise,
} from '@roundhouse/testing';
import fc from 'fast-check';
import { formatEvent } from '../sse/event.ts';
import { EventStreamParser, type EventStreamItem } from '../sse/parser.ts';
import { echo } from './echo.fixture.ts';
import { readAnswer, readHttp2Opening, readOpening } from './handshake.ts';
import { serveWebSocket } from './server.ts';
import { readWebSocketUrl } from './url.ts';

const MAX_LENGTH = 60;
const EVENT_WORDS = [
  'data: a',
  'data',
  'data:',
  'id: 1',
  'id: 2\0',
  'event: x',
  ':',
  '\r',
  '\n',
  '\r\n',
  '\n\n',
  'retry: 9',
  'retry: x',
  '\xf0\x9f\x98\x80',
  '\xef\xbb\xbf',
  'x'.repeat(30),
];
const FRAME_WORDS = [
  '\x81\x85\x00\x00\x00\x00Hello',
  '\x01\x82\x00\x00\x00\x00He',
  '\x80\x83\x00\x00\x00\x00llo',
  '\x89\x80\x00\x00\x00\x00',
  '\x8a\x80\x00\x00\x00\x00',
  '\x88\x82\x00\x00\x00\x00\x03\xe8',
  '\x82\xfe\x00\x7e\x00\x00\x00\x00',
  '\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff',
  '\x81\x05Hello',
  '\xc1\x85',
  '\x83\x80',
  '\x00',
];
const HEADERS = [
  'upgrade',
  'connection',
  'host',
  'sec-websocket-version',
  'sec-websocket-key',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
  'origin',
];
const GOOD = {
  upgrade: 'websocket',
  connection: 'Upgrade',
  host: 'a',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};
const OPENING = Buffer.from(
  'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n',
);
const EXTENSION_WORDS = [
  'permessage-deflate',
  ';',
  ',',
  '=',
  'server_max_window_bits=',
  'client_max_window_bits',
  'server_no_context_takeover',
  '15',
  '8',
  '"9"',
  ' ',
  'x',
];
const ANSWER_WORDS = [
  'HTTP/1.1 101 x\r\n',
  'HTTP/1.1 400 no\r\n',
  'Upgrade: websocket\r\n',
  'Connection: Upgrade\r\n',
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n',
  'Sec-WebSocket-Protocol: a\r\n',
  'Sec-WebSocket-Extensions: x\r\n',
  '\r\n',
  ':',
];

function eventsOf(pieces: readonly Uint8Array[]): EventStreamItem[] | 'too long' {
  const parser = new EventStreamParser({ maxLength: MAX_LENGTH });
  const items: EventStreamItem[] = [];
  for (const piece of pieces) {
    const some = parser.push(piece);
    if (some === undefined) return 'too long';
    items.push(...some);
  }
  return items;
}

/** The bytes of a peer to a server that echoes: what comes back, and whether it has ended it. */
async function played(opening: Buffer, lengths: readonly number[], compression = false): Promise<string> {
  const clock = new FakeClock();
  const { dialer, listen } = createMemoryNetwork();
  const failures: unknown[] = [];
  const runtime = createRuntime({ clock, dialer, listen });
  const scope = createScope({ clock });
  const server = await serveWebSocket(
    { messageLimits: { maxMessageBytes: 1_000, maxFragments: 4 }, compression },
    echo,
    runtime,
    scope,
  );
  const transport = await dialTransport(
    { host: 'localhost', port: server.port },
    { timeouts: DEFAULT_TIMEOUTS },
    runtime,
    scope,
  );
  const received: Buffer[] = [];
  transport.start({
    data: (chunk) => void received.push(Buffer.from(chunk)),
    ended() {},
    closed: (error) => failures.push(error),
  });
  for (const piece of piecesOf(opening, lengths)) if (piece.length > 0) transport.write(Uint8Array.from(piece));
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
  // An echo and the answers to pings are not more than what they answer, beside the head and a close.
  const answer = Buffer.concat(received);
  assert.ok(answer.length <= opening.length * 2 + 1_000);
  transport.destroy();
  server.abort();
  scope.end();
  await clock.advance(20_000);
  assert.equal(clock.pendingTimers, 0);
  return answer.toString('latin1');
}

export const FUZZ: readonly FuzzTarget[] = [
  fuzzTarget(
    'event streams',
    'are read alike however they are cut, and within their bound',
    fc.property(wordsAndNoise(EVENT_WORDS, 24), cuts, (bytes, lengths) => {
      const whole = eventsOf([bytes]);
      // A bound that a whole piece breaks may be told before its first event is given.
      const items = eventsOf(piecesOf(bytes, lengths));
      assert.deepEqual(items, whole);
      if (items === 'too long') return;
      for (const item of items) if (item.type === 'event') assert.ok(item.event.data.length <= MAX_LENGTH);
    }),
  ),
  fuzzTarget(
    'events',
    'are written so that they are read as the same',
    fc.property(fc.string(), textOfWords(['\r', '\n', '\r\n', 'a', ' ', ':', 'data:'], 10), (name, data) => {
      const text = codedOnly(() => formatEvent({ event: name, data, id: '1' }));
      if (text === undefined) return;
      const [first, ...more] = new EventStreamParser().push(Buffer.from(text)) ?? [];
      assert.deepEqual(more, []);
      assert.equal(first?.type === 'event' && first.event.data, data.replace(/\r\n|\r/g, '\n'));
    }),
  ),
  fuzzTarget(
    'WebSocket handshakes',
    'are taken or refused with a status',
    fc.property(
      fc.dictionary(fc.constantFrom(...HEADERS), fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 3 })), {
        maxKeys: 4,
      }),
      fc.constantFrom('GET', 'CONNECT', 'POST'),
      (fields, method) => {
        for (const read of [readOpening, readHttp2Opening]) {
          const opening = read({ method, target: '/', headers: { ...GOOD, ':protocol': 'websocket', ...fields } });
          if ('status' in opening) assert.ok(opening.status >= 400 && opening.status < 600);
          else assert.ok(opening.subprotocols.every((name) => /^[!-~]+$/.test(name)));
        }
      },
    ),
  ),
  fuzzTarget(
    'WebSocket answers',
    'are agreed to or refused with a code',
    fc.property(textOfWords(ANSWER_WORDS, 8), (text) => {
      const head = parseHttpHead(Buffer.from(`${text}\r\n\r\n`, 'latin1'));
      if (typeof head === 'string') return;
      const request = {
        target: '/',
        authority: 'a',
        key: GOOD['sec-websocket-key'],
        subprotocols: ['a'],
        extensions: undefined,
        headers: {},
      };
      const agreement = codedOnly(() => readAnswer(head, request, 'a:80'));
      if (agreement !== undefined) assert.equal(agreement.extensions, undefined);
    }),
  ),
  fuzzTarget(
    'WebSocket URLs',
    'are read or refused, and never show a password',
    fc.property(
      textOfWords(
        ['ws://', 'wss://', 'http://', 'u:secret@', 'a.b', ':80', ':99999', '/x', '?y', '#z', '[::1]', ' ', '%'],
        6,
      ),
      (text) => {
        try {
          const { target, authority } = readWebSocketUrl(text);
          assert.match(target, /^\/[!-~]*$/);
          assert.doesNotMatch(authority, /[@/\s]/);
        } catch (error) {
          assert.match((error as { readonly code?: string }).code ?? '', /^(NET_OPTION_INVALID|ADDRESS_INVALID)$/);
          if (URL.canParse(text)) assert.doesNotMatch((error as Error).message, /secret/);
        }
      },
    ),
  ),
  fuzzTarget(
    'WebSocket frames, to our server',
    'end in echoes or a close; no timer stays behind',
    fc.asyncProperty(wordsAndNoise(FRAME_WORDS, 8), cuts, async (frames, lengths) => {
      await played(Buffer.concat([OPENING, Buffer.from('\r\n'), frames]), lengths);
    }),
  ),
  fuzzTarget(
    'WebSocket extensions',
    'are agreed to, passed over, or refused with 400',
    fc.asyncProperty(textOfWords(EXTENSION_WORDS, 9), async (offer) => {
      const line = offer.replace(/[\r\n\0]/g, '');
      const head = Buffer.from(`Sec-WebSocket-Extensions: ${line}\r\n\r\n`, 'latin1');
      assert.match(await played(Buffer.concat([OPENING, head]), [], true), /^HTTP\/1\.1 (101|400) /);
    }),
  ),
];
