import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import type { SuiteCase } from '@roundhouse/testing';
import type { CompressionOptions } from './options.ts';
import { frameTo, RawPeer, type Side } from './rawPeer.fixture.ts';

/** Cases 12 and 13 of the Autobahn suite: sizes, and what is agreed on. RFC 7692. */
const SIZES = [16, 64, 256, 1_024, 4_096, 8_192, 16_384, 32_768, 65_536, 131_072];
const TIMES = 5;
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

/** Compression is done by other threads: turns of the loop are not enough. */
async function framesFrom(peer: RawPeer, count: number): Promise<RawPeer['frames']> {
  for (let turns = 0; turns < 2_000 && peer.frames.length < count; turns++)
    await new Promise((resolve) => setTimeout(resolve, 1));
  return peer.frames;
}

async function echoed(
  side: Side,
  message: string,
  extensions: string,
  compression: Partial<CompressionOptions>,
): Promise<string> {
  await using peer = await RawPeer.open(side, { compression, extensions });
  for (let count = 0; count < TIMES; count++) peer.send(frameTo(side, 1, deflated(message), { rsv: 4 }));
  const frames = await framesFrom(peer, TIMES);
  if (!frames.every(({ opcode, rsv }) => opcode === 1 && rsv === 4)) return 'frames that are not compressed texts';
  const payloads = frames.map(({ payload }) => payload);
  const texts =
    compression.contextTakeover === true ? [inflated(payloads)] : payloads.map((payload) => inflated([payload]));
  return texts.join('') === message.repeat(TIMES) ? `echoed ${frames.length} times` : 'other texts';
}

const REFUSED: readonly (readonly [title: string, section: string, frames: (to: Side) => Buffer[], code: number])[] = [
  ['bytes that do not inflate', '§7.2.2', (to) => [frameTo(to, 1, Buffer.from('ffffffff', 'hex'), { rsv: 4 })], 1007],
  [
    'what inflates beyond the limit',
    '§7.2.2',
    (to) => [frameTo(to, 1, deflated(Buffer.alloc(1_048_577, 'x')), { rsv: 4 })],
    1009,
  ],
  ['what inflates to no text', '§6.2', (to) => [frameTo(to, 1, deflated(Buffer.of(0xff)), { rsv: 4 })], 1007],
  ['a compressed ping', '§6', (to) => [frameTo(to, 9, 'x', { rsv: 4 })], 1002],
  [
    'RSV1 on a continuation',
    '§6.1',
    (to) => [frameTo(to, 1, 'x', { isFinal: false }), frameTo(to, 0, 'x', { rsv: 4 })],
    1002,
  ],
];

async function refusal(side: Side, frames: readonly Buffer[]): Promise<string> {
  const extensions = 'permessage-deflate; server_no_context_takeover; server_max_window_bits=12';
  await using peer = await RawPeer.open(side, { compression: {}, extensions });
  peer.send(...frames);
  const [first, ...more] = await framesFrom(peer, 1);
  if (first?.opcode !== 8 || more.length > 0) return 'frames that are no close';
  return `closed with ${first.payload.readUInt16BE(0)}`;
}

export function compressionCases(side: Side): SuiteCase[] {
  const echoes = AGREEMENTS.flatMap(([title, extensions, compression], index) =>
    Object.entries(DATA).flatMap(([kind, make]) =>
      SIZES.map(
        (size): SuiteCase => ({
          title: `12.${index + 1} ${title}, ${kind} of ${size} bytes`,
          source: 'RFC 7692 §7.2',
          allowed: [`echoed ${TIMES} times`],
          run: () => echoed(side, make(size), extensions, compression),
        }),
      ),
    ),
  );
  const refusals = REFUSED.map(
    ([title, section, frames, code]): SuiteCase => ({
      title: `13 ${title}`,
      source: `RFC 7692 ${section}`,
      allowed: [`closed with ${code}`],
      run: () => refusal(side, frames(side)),
    }),
  );
  return [...echoes, ...refusals];
}
