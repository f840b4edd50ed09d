import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bindImage,
  type Bytes,
  chunksOf,
  classicSession,
  hostRecord,
  negotiation,
  structuredField,
  subnegotiation,
  telnetStream,
  tn3270eHeader,
  tn3270eRecord,
  tn3270eSession,
  write3270,
  writeStructuredField,
} from './arbitraries.ts';
import { DO, EOR, frameRecord, IAC, SB, SE } from './telnet.ts';
import { joinBytes, splitRecords } from './trace.ts';

/** A fixed sample, so that what is counted in it is the same in each run. */
const sample = (arbitrary: Bytes): Uint8Array[] => fc.sample(arbitrary, { numRuns: 500, seed: 3270 });
const firsts = (records: readonly Uint8Array[]): Set<number | undefined> => new Set(records.map(([first]) => first));

const countOfRecords = (stream: Uint8Array): number =>
  splitRecords(stream).filter((record) => record.at(-1) === EOR).length;

describe('arbitraries', () => {
  it.each(
    Object.entries({
      bindImage,
      classicSession,
      hostRecord,
      negotiation,
      structuredField,
      subnegotiation,
      telnetStream,
      tn3270eHeader,
      tn3270eRecord,
      tn3270eSession,
      write3270,
      writeStructuredField,
    }),
  )('%s gives byte strings of a size to work with, not one like the other', (_, make) => {
    const all = sample(make());
    expect(Math.max(...all.map(({ length }) => length))).toBeLessThan(16_384);
    expect(new Set(all.map((one) => Buffer.from(one).toString('hex'))).size).toBeGreaterThan(25);
  });

  it('write3270 has every write command and every order, whole and cut', () => {
    const all = sample(write3270());
    for (const command of [0x01, 0x05, 0x0d, 0xf1, 0xf5, 0x7e]) expect(firsts(all)).toContain(command);
    const content = new Set(all.flatMap((record) => [...record.subarray(2)]));
    for (const code of [0x05, 0x08, 0x11, 0x12, 0x13, 0x1d, 0x28, 0x29, 0x2c, 0x3c]) expect(content).toContain(code);
    expect(all.some(({ length }) => length < 2)).toBe(true);
  });

  it('structuredField has lengths that agree and lengths that do not', () => {
    const agree = sample(structuredField()).map((field) => Buffer.from(field).readUInt16BE(0) === field.length);
    expect(agree).toContain(true);
    expect(agree).toContain(false);
  });

  it('tn3270eRecord has every data type and records that are too short for a header', () => {
    const all = sample(tn3270eRecord());
    for (let type = 0; type <= 9; type++) expect(firsts(all)).toContain(type);
    expect(all.some(({ length }) => length < 5)).toBe(true);
  });

  it('subnegotiation ends, but for a few', () => {
    const all = sample(subnegotiation());
    const ended = all.filter((one) => one.at(-2) === IAC && one.at(-1) === SE);
    expect(all.every(([first, second]) => first === IAC && second === SB)).toBe(true);
    expect(ended.length).toBeGreaterThan(400);
    expect(ended.length).toBeLessThan(all.length);
  });

  it('telnetStream carries the records it was given', () => {
    const record = Uint8Array.of(0xf1, IAC, 0xc3);
    const streams = sample(telnetStream(fc.constant(record)));
    const framed = Buffer.from(frameRecord(record));
    expect(streams.some((stream) => Buffer.from(stream).includes(framed))).toBe(true);
  });

  it.each([
    ['classic', classicSession, 24],
    ['TN3270E', tn3270eSession, 40],
  ] as const)('a %s session negotiates and then has up to eight records', (_, make, option) => {
    const sessions = sample(make());
    expect(sessions.every((stream) => stream[0] === IAC && stream[1] === DO && stream[2] === option)).toBe(true);
    const counts = new Set(sessions.map((stream) => stream.subarray(3)).map(countOfRecords));
    expect([...counts].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('chunksOf loses no byte and changes no order', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }).chain((whole) => fc.tuple(fc.constant(whole), chunksOf(whole))),
        ([whole, chunks]) => {
          expect(joinBytes(chunks)).toEqual(whole);
        },
      ),
    );
  });
});
