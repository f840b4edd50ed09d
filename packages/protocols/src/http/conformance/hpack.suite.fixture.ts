import { createScope } from '@roundhouse/core';
import { createMemoryNetwork, createRuntime } from '@roundhouse/net';
import { type CaseSuite, FakeClock, type SuiteCase } from '@roundhouse/testing';
import { connectHttp } from '../client/connect.ts';
import { text } from '../message.ts';
import { FLAG, frame, framesIn, PREFACE, setting, statusIn, TYPE, verdictOf } from './frames.fixture.ts';
import {
  DECODE_CASES,
  type HpackExample,
  REQUEST_EXAMPLES,
  REQUEST_START,
  RESPONSE_EXAMPLES,
} from './hpackCases.fixture.ts';
import { type RawClient, type RawWorld, rawWorld } from './raw.fixture.ts';

const { END_STREAM, END_HEADERS } = FLAG;
const TABLE_SIZE_SETTING = 1;
/** A change of the size of the table to 256 and to 0: RFC 7541 §6.3. */
const TO_256 = '3f e1 01';
const TO_0 = 0x20;

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
const headers = (stream: number, block: Uint8Array, flags: number = END_STREAM | END_HEADERS): Buffer =>
  frame(TYPE.HEADERS, flags, stream, block);

const PSEUDO = [':method', ':path', ':authority'];
const shown = (fields: Iterable<readonly [string, string]>): string =>
  [...fields].map(([name, value]) => `${name}: ${value}`).join('; ');

/** A server of ours and what it was asked for. */
interface Stand extends Disposable {
  readonly client: RawClient;
  readonly asked: string[];
  readonly world: RawWorld;
}

async function stand(settings: Uint8Array = Buffer.alloc(0), maxHeadBytes?: number): Promise<Stand> {
  const asked: string[] = [];
  const world = await rawWorld(
    (request) => {
      const pseudo = [request.method, request.target, request.authority];
      asked.push(
        shown([...PSEUDO.map((name, at) => [name, pseudo[at] as string] as const), ...Object.entries(request.headers)]),
      );
      return text('x');
    },
    { h2c: true, ...(maxHeadBytes !== undefined && { limits: { maxHeadBytes } }) },
  );
  const client = await world.connect();
  await client.send(Buffer.concat([PREFACE, frame(TYPE.SETTINGS, 0, 0, settings)]));
  return { client, asked, world, [Symbol.dispose]: () => world[Symbol.dispose]() };
}

function example({ section, title, blocks, lists }: HpackExample): SuiteCase[] {
  return blocks.map((_, last) => ({
    title: `${title}, ${['the first', 'the second', 'the third'][last]}`,
    source: `RFC 7541 ${section}.${last + 1}`,
    // The scheme is that of the connection here, whatever the client says.
    allowed: [shown((lists[last] ?? []).filter(([name]) => name !== ':scheme'))],
    run: async () => {
      using server = await stand();
      for (const [at, block] of blocks.slice(0, last + 1).entries()) {
        await server.client.send(headers(1 + 2 * at, bytesOf(block)));
      }
      return server.asked[last] ?? verdictOf(framesIn(server.client.received)) ?? 'nothing';
    },
  }));
}

/** Plays a server of bytes to our client: what it sent, and what it made of the answers. */
async function asked(
  settings: Uint8Array,
  blocks: readonly Uint8Array[],
  requestHeaders: Readonly<Record<string, string>> = {},
): Promise<{ readonly sent: Buffer; readonly outcomes: readonly string[] }> {
  const { dialer, listen } = createMemoryNetwork();
  const clock = new FakeClock();
  const runtime = createRuntime({ clock, dialer, listen });
  using scope = createScope({ clock });
  let sent = Buffer.alloc(0);
  const listener = await runtime.listen(
    { host: 'localhost', port: 0 },
    (transport) => {
      transport.write(frame(TYPE.SETTINGS, 0, 0, settings));
      transport.write(frame(TYPE.SETTINGS, FLAG.ACK, 0));
      let answered = 0;
      transport.start({
        data(chunk) {
          sent = Buffer.concat([sent, chunk]);
          const requests = framesIn(sent.subarray(PREFACE.length)).filter(({ type }) => type === TYPE.HEADERS);
          for (; answered < requests.length; answered++) {
            const block = blocks[answered];
            if (block !== undefined) transport.write(headers(1 + 2 * answered, block));
          }
        },
        ended: () => void transport.close(),
        closed() {},
      });
    },
    scope,
  );
  const outcomes: string[] = [];
  const connection = await connectHttp({ host: 'localhost', port: listener.port, versions: ['h2'] }, scope, runtime);
  for (const _ of blocks) {
    const request = {
      method: 'GET',
      target: '/',
      authority: 'a',
      scheme: 'http',
      headers: requestHeaders,
      body: null,
      maxBodyBytes: 9,
    } as const;
    try {
      const { status, headers: fields, setCookies, body } = await connection.request(request, scope);
      await body.bytes();
      const cookies = setCookies.map((line) => ['set-cookie', line] as const);
      const others = Object.entries(fields).filter(([name]) => name !== 'set-cookie');
      outcomes.push(shown([[':status', String(status)], ...others, ...cookies]));
    } catch (error) {
      outcomes.push((error as { readonly code?: string }).code ?? String(error));
    }
  }
  connection.abort();
  return { sent, outcomes };
}

function responseExample({ section, title, blocks, lists }: HpackExample): SuiteCase[] {
  const framed = blocks.map((block, at) => bytesOf(at === 0 ? `${TO_256} ${block}` : block));
  return blocks.map((_, last) => ({
    title: `${title}, ${['the first', 'the second', 'the third'][last]}`,
    source: `RFC 7541 ${section}.${last + 1}`,
    allowed: [shown(lists[last] ?? [])],
    run: async () => (await asked(Buffer.alloc(0), framed.slice(0, last + 1))).outcomes[last] ?? 'nothing',
  }));
}

/** A request to our server of a block that may be wrong: served, or how it ends. */
async function decoded(block: Buffer, maxHeadBytes?: number): Promise<string> {
  using server = await stand(undefined, maxHeadBytes);
  await server.client.send(headers(1, block));
  const received = framesIn(server.client.received);
  const verdict = verdictOf(received);
  if (verdict !== undefined) return verdict;
  const [first] = server.asked;
  if (first === undefined) return statusIn(received) ?? 'nothing';
  return ['served', ...first.split('; ').slice(PSEUDO.length)].join('; ');
}

const clientCases: readonly SuiteCase[] = [
  ...(
    [
      ['an index behind the table', '§2.3.3', 'be'],
      ['a table size beyond what our client allowed', '§6.3', '3fff ffff 7f 88'],
      ['Huffman: the end-of-string symbol', '§5.2', '88 0001 6184 ffff ffff'],
      ['a value that goes beyond the block', '§5.2', '88 0001 610a 62'],
    ] as const
  ).map(
    ([title, section, block]): SuiteCase => ({
      title: `to our client: ${title}`,
      source: `RFC 7541 ${section}`,
      allowed: ['PROTOCOL_VIOLATION'],
      run: async () => (await asked(Buffer.alloc(0), [bytesOf(block)])).outcomes[0] ?? 'nothing',
    }),
  ),
  {
    title: 'a server allows no table: our client says so before its fields',
    source: 'RFC 7541 §4.2',
    allowed: ['a table size of 0, and no index behind the static table'],
    run: async () => {
      const { sent } = await asked(setting(TABLE_SIZE_SETTING, 0), [bytesOf('88'), bytesOf('88')], { 'x-a': 'b' });
      return tableUse(framesIn(sent.subarray(PREFACE.length)).filter(({ type }) => type === TYPE.HEADERS));
    },
  },
  {
    title: 'a client allows no table: our server says so before its fields',
    source: 'RFC 7541 §4.2',
    allowed: ['a table size of 0, and no index behind the static table'],
    run: async () => {
      using server = await stand(setting(TABLE_SIZE_SETTING, 0));
      for (const stream of [1, 3]) await server.client.send(headers(stream, bytesOf(REQUEST_START)));
      return tableUse(framesIn(server.client.received).filter(({ type }) => type === TYPE.HEADERS));
    },
  },
  {
    title: 'credentials of our client stand in no table',
    source: 'RFC 7541 §7.1.3',
    allowed: ['never indexed'],
    run: async () => {
      const { sent } = await asked(Buffer.alloc(0), [bytesOf('88')], { authorization: 'Bearer hunter2' });
      const [request] = framesIn(sent.subarray(PREFACE.length)).filter(({ type }) => type === TYPE.HEADERS);
      // Name 23 of the static table, as a literal that is never indexed: 0001 1111, 23 - 15.
      return request?.payload.includes(Buffer.of(0x1f, 23 - 15)) === true ? 'never indexed' : 'indexed';
    },
  },
];

/** What two blocks of the same fields say of the table. */
function tableUse(frames: readonly { readonly payload: Buffer }[]): string {
  const [first, second] = frames.map(({ payload }) => payload);
  if (first === undefined || second === undefined) return 'no fields';
  if (first[0] !== TO_0) return 'fields, and no table size before them';
  return first.subarray(1).equals(second) ? 'a table size of 0, and no index behind the static table' : 'other fields';
}

/** One entry of 4,000 bytes that an index of one byte stands for again and again. */
const bomb = (times: number): Buffer =>
  Buffer.concat([
    bytesOf(REQUEST_START),
    bytesOf('40 01 61 7f a1 1e'),
    Buffer.alloc(4_000, 'b'),
    Buffer.alloc(times, 0xbe),
  ]);

const limitCases: readonly SuiteCase[] = [
  {
    title: 'a list of fields just within the limit',
    source: 'RFC 9113 §10.5.1',
    allowed: ['served'],
    run: async () => (await decoded(bomb(2))).split(';')[0] ?? '',
  },
  {
    title: 'an entry that an index of one byte stands for 10,000 times',
    source: 'RFC 7541 §7.3',
    allowed: ['431', 'the stream ends with 11', 'the connection ends with 11'],
    run: () => decoded(bomb(10_000)),
  },
  {
    title: 'a list of fields beyond the limit, over many CONTINUATION frames',
    source: 'RFC 9113 §10.5.1',
    allowed: ['431', 'the stream ends with 11', 'the connection ends with 11'],
    deviation: {
      outcome: 'the connection ends with 2',
      reason:
        'nghttp2 takes a few CONTINUATION frames (CVE-2024-27316), and Node.js then ends the connection with INTERNAL_ERROR: the client is told too little.',
    },
    run: async () => {
      using server = await stand();
      const parts = [headers(1, bytesOf(REQUEST_START), END_STREAM)];
      const field = Buffer.concat([bytesOf('00 01 61 7f 80 07'), Buffer.alloc(127 + 0x380, 'b')]);
      for (let index = 0; index < 40; index++)
        parts.push(frame(TYPE.CONTINUATION, index === 39 ? END_HEADERS : 0, 1, field));
      await server.client.send(Buffer.concat(parts));
      const received = framesIn(server.client.received);
      return verdictOf(received) ?? statusIn(received) ?? 'nothing';
    },
  },
];

const HPACK: CaseSuite = {
  name: 'http2-hpack',
  title: 'HPACK',
  about:
    'The examples of RFC 7541 Appendix C and blocks that break its rules, as bytes through connections of HTTP/2: requests to our server, responses to our client; what our encoders do with the table; lists of fields that are small on the wire and large in memory. 9 is COMPRESSION_ERROR, 11 ENHANCE_YOUR_CALM.',
  cases: [
    ...REQUEST_EXAMPLES.flatMap(example),
    ...RESPONSE_EXAMPLES.flatMap(responseExample),
    ...DECODE_CASES.map(
      ([title, section, before, behind, allowed]): SuiteCase => ({
        title,
        source: `RFC 7541 ${section}`,
        allowed,
        run: () => decoded(bytesOf(before + REQUEST_START + behind)),
      }),
    ),
    ...clientCases,
    ...limitCases,
  ],
};

export const SUITES: readonly CaseSuite[] = [HPACK];
