import { readFileSync } from 'node:fs';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { CONFORMANCE, type ConformanceCase } from './conformanceCases.fixture.ts';
import type { CompressionOptions } from './options.ts';
import { frameTo, type Frame, RawPeer, type Side } from './rawPeer.fixture.ts';

const CLOSE = 8;
const SIDES: readonly Side[] = ['server', 'client'];

function shown({ opcode, payload }: Frame): string {
  return `${opcode}:${payload.length > 64 ? `${payload.length} bytes ${hash(payload)}` : payload.toString('hex')}`;
}

function hash(bytes: Buffer): number {
  let sum = 0;
  for (const byte of bytes) sum = (sum * 31 + byte) | 0;
  return sum;
}

async function play({ send, pieceBytes, frames, close }: ConformanceCase, side: Side): Promise<void> {
  await using peer = await RawPeer.open(side);
  const bytes = send(side);
  if (pieceBytes === undefined) peer.send(...bytes);
  else await peer.sendInPieces(Buffer.concat(bytes), pieceBytes);
  const count = frames.length + (close === undefined ? 0 : 1);
  await peer.quiet(() => close === undefined && frames.length > 0 && peer.frames.length >= count);
  const last = peer.frames.at(-1);
  const back = close === undefined ? peer.frames : peer.frames.slice(0, -1);
  const expected = frames.map(([opcode, payload]) =>
    shown({ opcode, payload: Buffer.from(payload), isFinal: true, rsv: 0 }),
  );
  // Control frames may come between data frames (§5.4): each kind keeps its order.
  const isControl = (text: string): boolean => !/^[12]:/.test(text);
  const got = back.map(shown);
  expect(got.filter(isControl)).toEqual(expected.filter(isControl));
  expect(got.filter((text) => !isControl(text))).toEqual(expected.filter((text) => !isControl(text)));
  if (close === undefined) {
    expect(peer.isEnded).toBe(false);
    return;
  }
  expect(last?.opcode).toBe(CLOSE);
  expect(last?.payload.length === 0 ? 'none' : last?.payload.readUInt16BE(0)).toBe(close);
  expect(peer.isEnded).toBe(true);
}

describe.each(SIDES)('our %s, played by a peer of bytes', (side) => {
  for (const each of CONFORMANCE) it(`${each.id} (${each.section}): ${each.what}`, () => play(each, side));
});

it('has each case once', () => {
  const ids = CONFORMANCE.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

/** Cases 12 and 13 of the Autobahn suite: sizes, and what is agreed on. RFC 7692. */
const SIZES = [16, 64, 256, 1_024, 4_096, 8_192, 16_384, 32_768, 65_536, 131_072];
const AGREEMENTS: readonly (readonly [title: string, extensions: string, options: Partial<CompressionOptions>])[] = [
  [
    'no context kept',
    'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12',
    { threshold: 0, maxRatio: 1_100 },
  ],
  [
    'windows of 9 bits',
    'permessage-deflate; server_no_context_takeover; server_max_window_bits=9; client_max_window_bits=9',
    { threshold: 0, maxRatio: 1_100, windowBits: 9 },
  ],
  [
    'windows of 15 bits, the context kept',
    'permessage-deflate; server_max_window_bits=15; client_max_window_bits=15',
    { threshold: 0, maxRatio: 1_100, windowBits: 15, contextTakeover: true },
  ],
];
const DATA = {
  text: (size: number) => 'Lorem ipsum dolor sit amet, '.repeat(Math.ceil(size / 28)).slice(0, size),
  numbers: (size: number) =>
    Array.from({ length: size }, (_, at) => String.fromCharCode(48 + ((at * at * 7919) % 75))).join(''),
} as const;

/** RFC 7692 §7.2.1: without the empty block at the end. */
function deflated(data: string | Buffer): Buffer {
  return deflateRawSync(data, { windowBits: 9, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

/** RFC 7692 §7.2.2. */
function inflated(payloads: readonly Buffer[]): string {
  const blocks = payloads.flatMap((payload) => [payload, Buffer.of(0, 0, 0xff, 0xff)]);
  return inflateRawSync(Buffer.concat(blocks), { finishFlush: constants.Z_SYNC_FLUSH }).toString();
}

describe.each(SIDES)('compression with our %s (RFC 7692)', (side) => {
  for (const [index, [title, extensions, compression]] of AGREEMENTS.entries()) {
    for (const [kind, make] of Object.entries(DATA)) {
      it.each(SIZES)(`12.${index + 1} ${title}, ${kind} of %i bytes, five times`, async (size) => {
        await using peer = await RawPeer.open(side, { compression, extensions });
        if (side === 'server') expect(peer.head).toContain('Sec-WebSocket-Extensions: permessage-deflate');
        const message = make(size);
        for (let count = 0; count < 5; count++) peer.send(frameTo(side, 1, deflated(message), { rsv: 4 }));
        for (let turns = 0; turns < 2_000 && peer.frames.length < 5; turns++)
          await new Promise((resolve) => setTimeout(resolve, 1));
        const { frames } = peer;
        expect(frames.map(({ opcode, rsv }) => ({ opcode, rsv }))).toEqual(
          Array.from({ length: 5 }, () => ({ opcode: 1, rsv: 4 })),
        );
        if (compression.contextTakeover === true) {
          expect(inflated(frames.map(({ payload }) => payload))).toBe(message.repeat(5));
        } else for (const { payload } of frames) expect(inflated([payload])).toBe(message);
      });
    }
  }

  it.each<[title: string, frames: (to: Side) => Buffer[], code: number]>([
    ['bytes that do not inflate', (to) => [frameTo(to, 1, Buffer.from('ffffffff', 'hex'), { rsv: 4 })], 1007],
    [
      'what inflates beyond the limit',
      (to) => [frameTo(to, 1, deflated(Buffer.alloc(1_048_577, 'x')), { rsv: 4 })],
      1009,
    ],
    ['what inflates to no text', (to) => [frameTo(to, 1, deflated(Buffer.of(0xff)), { rsv: 4 })], 1007],
    ['a compressed ping (§6)', (to) => [frameTo(to, 9, 'x', { rsv: 4 })], 1002],
    [
      'RSV1 on a continuation (§6.1)',
      (to) => [frameTo(to, 1, 'x', { isFinal: false }), frameTo(to, 0, 'x', { rsv: 4 })],
      1002,
    ],
  ])('13: refuses %s', async (_title, frames, code) => {
    const extensions = 'permessage-deflate; server_no_context_takeover; server_max_window_bits=12';
    await using peer = await RawPeer.open(side, { compression: {}, extensions });
    peer.send(...frames(side));
    for (let turns = 0; turns < 2_000 && peer.frames.length < 1; turns++)
      await new Promise((resolve) => setTimeout(resolve, 1));
    expect(peer.frames.map(({ opcode, payload }) => [opcode, payload.readUInt16BE(0)])).toEqual([[CLOSE, code]]);
  });
});

describe('an offer of compression to our server (RFC 7692 §7.1)', () => {
  it.each([
    [
      'permessage-deflate',
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12',
    ],
    [
      'permessage-deflate; server_max_window_bits=10',
      'permessage-deflate; server_max_window_bits=10; server_no_context_takeover; client_no_context_takeover',
    ],
    [
      'permessage-deflate; unknown=1, permessage-deflate',
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12',
    ],
    [
      'permessage-deflate; client_max_window_bits',
      'permessage-deflate; client_max_window_bits=12; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12',
    ],
    ['permessage-deflate; server_max_window_bits=8', undefined],
    ['permessage-deflate; server_max_window_bits=16', undefined],
    ['permessage-deflate; server_max_window_bits=10; server_max_window_bits=10', undefined],
    ['x-webkit-deflate-frame', undefined],
  ])('%s is answered as it should', async (extensions, answer) => {
    await using peer = await RawPeer.open('server', { compression: {}, extensions });
    expect(/^Sec-WebSocket-Extensions: (.*)\r$/m.exec(peer.head)?.[1]).toBe(answer);
  });

  it('that is not well formed is refused', async () => {
    await using peer = await RawPeer.open('server', { compression: {}, extensions: 'permessage-deflate; =' });
    expect(peer.head).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe.each(SIDES)('our %s with a peer that is dead', (side) => {
  it('asks after half of the time, and leaves after all of it', async () => {
    await using peer = await RawPeer.open(side);
    await peer.clock.advance(29_999);
    expect(peer.frames).toEqual([]);
    await peer.clock.advance(1);
    await peer.quiet();
    expect(peer.frames.map(({ opcode }) => opcode)).toEqual([9]);
    await peer.clock.advance(29_999);
    expect(peer.isEnded).toBe(false);
    await peer.clock.advance(1);
    await peer.quiet();
    expect(peer.isEnded).toBe(true);
  });
});

it('is described with its number of cases', () => {
  const page = readFileSync(new URL('../../../../docs/protocols/websocket.md', import.meta.url), 'utf8');
  const lenient = CONFORMANCE.filter(({ isLenient }) => isLenient === true).length;
  const compressed = AGREEMENTS.length * Object.keys(DATA).length * SIZES.length + 5;
  expect(page).toContain(`${CONFORMANCE.length} cases of framing and ${compressed} of compression`);
  expect(page).toContain(`${lenient} of them`);
});
