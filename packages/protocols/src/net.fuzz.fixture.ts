import assert from 'node:assert/strict';
import { createScope, type Scope } from '@roundhouse/core';
import {
  ByteReader,
  checkHost,
  createHttpConnectDialer,
  createMemoryNetwork,
  createMemoryPair,
  createSocks5Dialer,
  type Dialer,
  duplexOf,
  formatAddress,
  httpHeadEnd,
  parseAddress,
  parseHttpHead,
  parseStatusLine,
} from '@roundhouse/net';
import {
  codedOnly,
  codedOnlyLater,
  cuts,
  FakeClock,
  fuzzTarget,
  type FuzzTarget,
  piecesOf,
  textOfWords,
  wordsAndNoise,
} from '@roundhouse/testing';
import fc from 'fast-check';

const HEAD_WORDS = [
  '\r\n',
  '\r',
  '\n',
  '\r\n\r\n',
  ':',
  ' ',
  'HTTP/1.1 200 OK',
  'HTTP/1.1 407 no',
  'Name: value',
  '\0',
];
const ADDRESS_WORDS = ['a.example', '192.0.2.1', '[', ']', ':', '::', '1', '443', '2001:db8', '%', '_', '.', '-'];

/** What a reader does, in turn until nothing is left; the last of them gets on with whatever there is. */
type Step = readonly ['exactly' | 'some' | 'peek', number];
const steps: fc.Arbitrary<readonly Step[]> = fc
  .array(fc.tuple(fc.constantFrom('exactly', 'some', 'peek'), fc.integer({ min: 1, max: 20 })), { maxLength: 12 })
  .map((some) => [...some, ['some', 20]]);

/** A reader of what comes in these pieces and then ends. */
function readerOf(pieces: readonly Uint8Array[]): { readonly reader: ByteReader; readonly release: () => void } {
  const [near, far] = createMemoryPair({ clock: new FakeClock() });
  near.start({ data() {}, ended() {}, closed() {} });
  const reader = new ByteReader(far, { protocol: 'fuzz' });
  for (const piece of pieces) near.write(piece);
  void near.close();
  const release = (): void => {
    near.destroy();
    far.destroy();
  };
  return { reader, release };
}

async function readBySteps(reader: ByteReader, todo: readonly Step[]): Promise<Buffer> {
  using scope = createScope();
  const read: Uint8Array[] = [];
  for (let turn = 0; !reader.isOver || reader.buffered > 0; turn++) {
    const [kind, size] = todo[turn % todo.length] as Step;
    const part = await codedOnlyLater(() => takeStep(reader, kind, size, scope), ['CONNECTION_CLOSED']);
    if (part !== undefined) read.push(part);
  }
  return Buffer.concat(read);
}

async function takeStep(
  reader: ByteReader,
  kind: Step[0],
  size: number,
  scope: Scope,
): Promise<Uint8Array | undefined> {
  if (kind !== 'peek') return reader[kind](size, scope);
  const seen = await reader.peek(scope);
  if (seen === undefined) return undefined;
  const copy = Uint8Array.from(seen.subarray(0, size));
  reader.skip(copy.byteLength);
  return copy;
}

/** What a dialer through a proxy makes of an answer: connected, or a coded failure. */
async function dialThrough(make: (via: Dialer) => Dialer, answer: Buffer, lengths: readonly number[]): Promise<void> {
  const scope = createScope();
  const network = createMemoryNetwork();
  await network.listen(
    { host: 'proxy.example', port: 1_080 },
    (transport) => {
      const stream = duplexOf(transport);
      stream.on('error', () => {});
      stream.once('data', () => {
        for (const piece of piecesOf(answer, lengths)) if (piece.length > 0) stream.write(piece);
        stream.end();
      });
    },
    scope,
  );
  const dialled = await codedOnlyLater(() => make(network.dialer).dial({ host: 'there.example', port: 80 }, scope));
  dialled?.stream.destroy();
  scope.end();
}

const PROXY = { host: 'proxy.example', port: 1_080 };

export const FUZZ: readonly FuzzTarget[] = [
  fuzzTarget(
    'byte reader',
    'peek, skip, some and exactly give each byte once and in order, however it is cut',
    fc.asyncProperty(fc.uint8Array({ maxLength: 120 }), cuts, steps, async (bytes, lengths, todo) => {
      const all = Buffer.from(bytes);
      const { reader, release } = readerOf(piecesOf(all, lengths));
      assert.deepEqual(await readBySteps(reader, todo), all);
      release();
    }),
  ),
  fuzzTarget(
    'byte reader, lines',
    'lines are those of the whole, however it is cut',
    fc.asyncProperty(
      wordsAndNoise(['a', 'bc', '\r', '\n', '\r\n', 'long enough'], 14),
      cuts,
      async (bytes, lengths) => {
        const { reader, release } = readerOf(piecesOf(bytes, lengths));
        using scope = createScope();
        const lines = bytes.toString('latin1').split('\n').slice(0, -1);
        for (const line of lines) {
          assert.equal(Buffer.from(await reader.line(200, scope)).toString('latin1'), line.replace(/\r$/, ''));
        }
        assert.equal(await codedOnlyLater(() => reader.line(200, scope), ['CONNECTION_CLOSED']), undefined);
        release();
      },
    ),
  ),
  fuzzTarget(
    'HTTP head',
    'is read or refused, and its end is the same however it is cut',
    fc.property(wordsAndNoise(HEAD_WORDS), fc.nat(60), (bytes, cut) => {
      const end = httpHeadEnd(bytes);
      const seen = Math.min(cut, bytes.length);
      if (httpHeadEnd(bytes.subarray(0, seen)) === -1) assert.equal(httpHeadEnd(bytes, seen), end);
      if (end === -1) return;
      const head = parseHttpHead(bytes.subarray(0, end));
      if (typeof head === 'string') return;
      for (const [name, values] of head.fields) assert.doesNotMatch(name + values.join(''), /[\r\n\0]/);
      parseStatusLine(head.startLine);
    }),
  ),
  fuzzTarget(
    'addresses',
    'are read or refused; what was read is written so that it is read again',
    fc.property(textOfWords(ADDRESS_WORDS, 8), (text) => {
      codedOnly(() => checkHost(text), ['ADDRESS_INVALID']);
      const address = codedOnly(() => parseAddress(text, 80), ['ADDRESS_INVALID']);
      if (address !== undefined) assert.deepEqual(parseAddress(formatAddress(address)), address);
    }),
  ),
  fuzzTarget(
    'SOCKS5 replies',
    'connect or fail with a code, whatever the proxy says',
    fc.asyncProperty(
      wordsAndNoise(['\x05\x00', '\x05\x00\x00\x01', '\x05\x02', '\x05\xff', '\x05\x00\x00\x03', '\x00'], 6),
      cuts,
      (answer, lengths) => dialThrough((via) => createSocks5Dialer({ proxy: PROXY }, via), answer, lengths),
    ),
  ),
  fuzzTarget(
    'CONNECT replies',
    'connect or fail with a code, whatever the proxy says',
    fc.asyncProperty(wordsAndNoise(HEAD_WORDS, 10), cuts, (answer, lengths) =>
      dialThrough((via) => createHttpConnectDialer({ proxy: PROXY }, via), answer, lengths),
    ),
  ),
];
