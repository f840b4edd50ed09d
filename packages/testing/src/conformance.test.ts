import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { differenceOfBytes, loadCases } from './conformance.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cases-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function write(name: string, trace: string, expected: unknown): void {
  mkdirSync(join(directory, 'expected'), { recursive: true });
  mkdirSync(join(directory, 'traces'), { recursive: true });
  writeFileSync(join(directory, 'traces', `${name}.trc`), trace);
  writeFileSync(join(directory, 'expected', `${name}.json`), JSON.stringify(expected));
}

const STEP = {
  record: 0,
  reply: 'fffb28',
  state: 'telnet-pending',
  lock: ['true'],
  size: ['43 80'],
  cursor: ['row 1 column 1 offset 0'],
  buffer: ['00 00', '00 00'],
};
const EXPECTED = { model: '3279-4-E', codepage: '37', options: { contentionResolution: false }, steps: [STEP] };

describe('loadCases', () => {
  it('says why there are none when the recordings are absent', () => {
    const missing = join(directory, 'nowhere');
    expect(loadCases(missing)).toEqual({ cases: [], reason: `there are no recordings in ${missing}` });
  });

  it('pairs expectations with traces, in the order of their names', () => {
    write('b', '< 0x0 fffd28', EXPECTED);
    write('a', '< 0x0 fffd28\n> 0x0 fffb28', EXPECTED);
    const { cases, reason } = loadCases(directory);
    expect(reason).toBeUndefined();
    expect(cases.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(cases[0]?.trace.groups).toHaveLength(2);
    expect(cases[0]?.setup).toEqual({ model: '3279-4-E', compat: { contentionResolution: false } });
    expect(cases[0]?.steps).toEqual([
      {
        record: 0,
        reply: Uint8Array.of(0xff, 0xfb, 0x28),
        state: 'telnet-pending',
        locked: true,
        size: '43 80',
        cursor: 'row 1 column 1 offset 0',
        buffer: ['00 00', '00 00'],
      },
    ]);
  });

  it.each([
    ['a list for the whole', [], /the file is no object/],
    ['no steps', { ...EXPECTED, steps: undefined }, /steps is no list/],
    ['a step out of turn', { ...EXPECTED, steps: [{ ...STEP, record: 1 }] }, /step 0 is of record 1/],
    ['a lock that is neither', { ...EXPECTED, steps: [{ ...STEP, lock: ['maybe'] }] }, /lock is maybe/],
    ['two cursors', { ...EXPECTED, steps: [{ ...STEP, cursor: ['a', 'b'] }] }, /cursor has 2 lines/],
    ['a row that is no string', { ...EXPECTED, steps: [{ ...STEP, buffer: [1] }] }, /a row of the buffer is no string/],
  ])('refuses an expectation with %s', (_, expected, message) => {
    write('a', '', expected);
    expect(() => loadCases(directory)).toThrow(message);
  });
});

describe('differenceOfBytes', () => {
  it('finds none between equal strings', () => {
    expect(differenceOfBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBeUndefined();
    expect(differenceOfBytes(new Uint8Array(0), new Uint8Array(0))).toBeUndefined();
  });

  it('shows the place where the strings part', () => {
    expect(differenceOfBytes(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 9, 3))).toBe(
      '3 bytes instead of 3, first difference at byte 1: expected 01|0203, got 01|0903',
    );
  });

  it('tells a missing reply from a short one', () => {
    expect(differenceOfBytes(Uint8Array.of(1), new Uint8Array(0))).toContain('expected |01, got nothing');
    expect(differenceOfBytes(Uint8Array.of(1, 2), Uint8Array.of(1))).toContain('expected 01|02, got 01|');
  });
});
