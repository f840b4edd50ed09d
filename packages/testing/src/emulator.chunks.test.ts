import { describe, expect, it } from 'vitest';
import { cutBySize, cutEverywhere } from './chunks.ts';
import { loadCases } from './conformance.ts';
import { EmulatorUnderTest } from './emulatorUnderTest.ts';
import { SCREEN_KINDS, screenStream } from './loadScreens.ts';
import { bytesOf, joinBytes } from './trace.ts';

/** Recordings longer than this are cut in every place in the long mode only. */
const QUICK_BYTES = 1_000;
const isLong = process.env['ROUNDHOUSE_LONG'] === '1';

const SETUP = { model: '3279-4-E', compat: { contentionResolution: false } };

/** Everything that can be seen of an engine after a stream that came in pieces. */
function outcome(pieces: Iterable<Uint8Array>): unknown {
  const engine = new EmulatorUnderTest(SETUP);
  for (const piece of pieces) {
    // The chunk is overwritten afterwards, as a transport does: nothing may keep it.
    const chunk = piece.slice();
    engine.feed(chunk);
    chunk.fill(0xaa);
  }
  const { connectionState, locked, size, cursor } = engine;
  return { connectionState, locked, size, cursor, dump: engine.dump(), output: engine.takeOutput() };
}

/** IAC DO TTYPE, SB TTYPE SEND, DO EOR, WILL EOR, DO BINARY, WILL BINARY: what a classic host says first. RFC 1576 §3. */
const NEGOTIATION = Uint8Array.from(Buffer.from('fffd18fffa1801fff0fffd19fffb19fffd00fffb00', 'hex'));

const { cases } = loadCases();
const streams: ReadonlyArray<readonly [name: string, bytes: Uint8Array]> = [
  ...SCREEN_KINDS.map((kind) => [kind, joinBytes([NEGOTIATION, screenStream(kind, 1)])] as const),
  ...cases.map(({ name, trace }) => [name, bytesOf(trace, '<')] as const),
];

describe('a host stream', () => {
  it.each(streams)('%s gives the same when it comes in pieces of 1, 2, 3, 7 and 64 bytes', (_name, bytes) => {
    const whole = outcome([bytes]);
    for (const size of [1, 2, 3, 7, 64]) expect(outcome(cutBySize(bytes, size))).toEqual(whole);
  });

  const short = streams.filter(([, bytes]) => isLong || bytes.length <= QUICK_BYTES);
  it.each(short)('%s gives the same cut in every place', { timeout: 600_000 }, (_name, bytes) => {
    const whole = JSON.stringify(outcome([bytes]));
    for (const pieces of cutEverywhere(bytes)) {
      if (JSON.stringify(outcome(pieces)) !== whole) expect(`cut at ${pieces[0]?.length}`).toBe('the same outcome');
    }
  });
});
