import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter, MAX_LINE_BYTES, type SplitLine } from './lineSplitter.ts';

function split(chunks: readonly Uint8Array[], position = 0): SplitLine[] {
  const splitter = new LineSplitter(position);
  const lines = chunks.flatMap((chunk) => splitter.push(chunk));
  const rest = splitter.flush();
  return rest === undefined ? lines : [...lines, rest];
}

function shown(lines: readonly SplitLine[]): unknown[] {
  return lines.map(({ position, bytes, isCut }) => [position, Buffer.from(bytes).toString('latin1'), isCut]);
}

describe('LineSplitter', () => {
  it('gives lines with their places, without their ends, bytes as they are', () => {
    expect(shown(split([Buffer.from('a\r\n\n\0b'), Buffer.from('c\nd')], 100))).toEqual([
      [100, 'a\r', false],
      [103, '', false],
      [104, '\0bc', false],
      [108, 'd', false],
    ]);
  });

  it('gives the same lines for any chunking', () => {
    const byte = fc.oneof(fc.constant(0x0a), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(fc.array(byte, { maxLength: 40 }), { maxLength: 20 }), (parts) => {
        const chunks = parts.map((part) => Uint8Array.from(part));
        expect(shown(split(chunks))).toEqual(shown(split([Buffer.concat(chunks)])));
      }),
    );
  });

  it('cuts a line every MiB of it, for any chunking', () => {
    const line = Buffer.concat([Buffer.alloc(2 * MAX_LINE_BYTES + 5, 'x'), Buffer.from('\nnext\n')]);
    const sizes = [
      [0, MAX_LINE_BYTES, true],
      [MAX_LINE_BYTES, MAX_LINE_BYTES, true],
      [2 * MAX_LINE_BYTES, 5, false],
      [2 * MAX_LINE_BYTES + 6, 4, false],
    ];
    for (const size of [line.byteLength, 65_536, 65_280, 1_000_003]) {
      const chunks = Array.from({ length: Math.ceil(line.byteLength / size) }, (_, i) =>
        line.subarray(i * size, (i + 1) * size),
      );
      expect(split(chunks).map(({ position, bytes, isCut }) => [position, bytes.byteLength, isCut])).toEqual(sizes);
    }
  });

  it('does not cut a line of just a MiB', () => {
    const lines = split([Buffer.alloc(MAX_LINE_BYTES, 'x'), Buffer.from('\n')]);
    expect(lines.map(({ bytes, isCut }) => [bytes.byteLength, isCut])).toEqual([[MAX_LINE_BYTES, false]]);
  });

  it('keeps nothing of the chunks it was lent', () => {
    const chunk = Buffer.from('one\ntw');
    const splitter = new LineSplitter(0);
    const lines = splitter.push(chunk);
    chunk.fill(0);
    expect(shown([...lines, ...splitter.push(Buffer.from('o\n'))])).toEqual([
      [0, 'one', false],
      [4, 'two', false],
    ]);
  });
});
