import { KEYS, type Key } from '@roundhouse/tn3270';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  classicSession,
  hostRecord,
  telnetStream,
  tn3270eRecord,
  tn3270eSession,
  write3270,
  writeStructuredField,
} from './arbitraries.ts';
import { EmulatorUnderTest } from './emulatorUnderTest.ts';
import { joinBytes } from './trace.ts';

/** `ROUNDHOUSE_LONG=1` runs more than a million cases in all. */
const isLong = process.env['ROUNDHOUSE_LONG'] === '1';
const STRUCTURED_CASES = isLong ? 60_000 : 300;
const RANDOM_CASES = isLong ? 900_000 : 3_000;
const TIMEOUT = { timeout: isLong ? 1_800_000 : 60_000 };

/** The largest answer is a buffer read: a few bytes a cell, for each of the requests that fit into the input. */
const MAX_OUTPUT_PER_BYTE = 8 * 27 * 132;

const SETUP = { model: '3279-5-E', compat: {} };
const CLASSIC = Uint8Array.from(Buffer.from('fffd18fffa1801fff0fffd19fffb19fffd00fffb00', 'hex'));

function check(engine: EmulatorUnderTest, fed: number): void {
  const { screen } = engine;
  expect(screen.size).toBeLessThanOrEqual(27 * 132);
  expect(screen.cells.length).toBe(screen.rows * screen.columns);
  expect(screen.cursor).toBeGreaterThanOrEqual(0);
  expect(screen.cursor).toBeLessThan(screen.size);
  expect(engine.takeOutput().length).toBeLessThanOrEqual(64 + fed * MAX_OUTPUT_PER_BYTE);
}

function survives(bytes: Uint8Array, keys: readonly Key[] = []): void {
  const engine = new EmulatorUnderTest(SETUP);
  engine.feed(bytes);
  check(engine, bytes.length);
  for (const key of keys) {
    engine.press(key);
    engine.type('A1é');
  }
  check(engine, 1 + keys.length);
  expect(engine.dump().length).toBe(engine.screen.rows);
}

const someKeys = fc.array(fc.constantFrom(...KEYS), { maxLength: 6 });

describe('no stream of a host crashes, hangs or overgrows the emulator', () => {
  const structures = {
    'telnet streams': telnetStream(),
    'classic sessions': classicSession(),
    'TN3270E sessions': tn3270eSession(),
    'TN3270E records': tn3270eRecord().map((record) => joinBytes([CLASSIC, record])),
  };
  it.each(Object.entries(structures))('%s, and keys after them', TIMEOUT, (_name, arbitrary) => {
    fc.assert(fc.property(arbitrary, someKeys, survives), { numRuns: STRUCTURED_CASES });
  });

  it.each([
    ['3270 records', hostRecord()],
    ['writes', write3270()],
    ['structured fields', writeStructuredField()],
  ])('%s on a screen that others have written to', TIMEOUT, (_name, arbitrary) => {
    const engine = new EmulatorUnderTest(SETUP);
    engine.feed(CLASSIC);
    fc.assert(
      fc.property(arbitrary, someKeys, (record, keys) => {
        engine.emulator.terminal.process(record);
        for (const key of keys) engine.press(key);
        check(engine, record.length + keys.length);
      }),
      { numRuns: STRUCTURED_CASES },
    );
  });

  it('random bytes, plain and with many IACs', TIMEOUT, () => {
    const random = mulberry32(0x3270);
    for (let run = 0; run < RANDOM_CASES; run++) {
      const bytes = new Uint8Array(1 + Math.floor(random() * 96));
      const iacs = random() * 0.4;
      for (let at = 0; at < bytes.length; at++) bytes[at] = random() < iacs ? 0xff : Math.floor(random() * 256);
      const inSession = run % 2 === 1;
      try {
        survives(inSession ? joinBytes([CLASSIC, bytes, Uint8Array.of(0xff, 0xef)]) : bytes);
      } catch (error) {
        throw new Error(`random case ${run}: ${Buffer.from(bytes).toString('hex')}`, { cause: error });
      }
    }
  });
});

/** A small seeded generator, so that a case that fails can be run again. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
