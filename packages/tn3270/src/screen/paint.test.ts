import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codePage } from '../codepage/registry.ts';
import { parseModel } from '../terminal/model.ts';
import { Terminal } from '../terminal/terminal.ts';
import { dumpScreen } from './dump.ts';
import { paintScreen, setReplyMode } from './paint.ts';

const CP037 = codePage('037');

function terminalOf(model: string, oversize?: { rows: number; columns: number }): Terminal {
  const options = { model: parseModel(model, oversize), codePage: CP037, rpqName: 'test' };
  return new Terminal(options, { reply() {}, alarm() {} });
}

const EW = 0xf5;
const EWA = 0x7e;
const byte = fc.integer({ min: 0, max: 255 });
const graphic = fc.integer({ min: 0x40, max: 0xfe });
const list = (...parts: fc.Arbitrary<number>[]): fc.Arbitrary<number[]> => fc.tuple(...parts);
const pair = fc.tuple(
  fc.constantFrom(0x00, 0xc0, 0x41, 0x42, 0x43, 0x45, 0xfe),
  fc.constantFrom(0x00, 0x01, 0xf1, 0xf2, 0xf4, 0xf8, 0xff, 0x60),
);
const pairs = (order: number): fc.Arbitrary<number[]> =>
  fc.array(pair, { maxLength: 4 }).map((each) => [order, each.length, ...each.flat()]);
/** SBA in the fourteen-bit form, below 1,024 so that every screen has it. */
const near = fc.tuple(fc.integer({ min: 0, max: 3 }), byte);

/** Orders that leave all that a buffer can hold: also SO and SI by RA, and what MF gives a field. */
const order: fc.Arbitrary<number[]> = fc.oneof(
  fc.array(graphic, { maxLength: 12 }),
  near.map((address) => [0x11, ...address]),
  list(fc.constant(0x1d), byte),
  pairs(0x29),
  pair.map((each) => [0x28, ...each]),
  fc.tuple(near, pairs(0x2c)).map(([address, modify]) => [0x11, ...address, 0x1d, 0xf0, 0x11, ...address, ...modify]),
  fc.tuple(near, byte).map(([address, code]) => [0x3c, ...address, code]),
  fc.tuple(near, byte).map(([address, code]) => [0x3c, ...address, 0x08, code]),
  list(fc.constant(0x08), byte),
  list(fc.constantFrom(0x00, 0x0c, 0x15, 0x1c, 0x1e, 0x3f, 0xff, 0x13, 0x0e)),
  near.map((address) => [0x12, ...address]),
);
const body = fc.array(order, { maxLength: 30 }).map((orders) => orders.flat());

describe('a painted screen', () => {
  it.each([
    ['3278-2-E', undefined, EW],
    ['3279-4-E', undefined, EWA],
    ['3279-5-E', undefined, EWA],
    ['3279-2-E', { rows: 60, columns: 160 }, EWA],
  ] as const)('is the same on another %s (oversize %o)', (model, oversize, command) => {
    fc.assert(
      fc.property(body, near, (orders, [high, low]) => {
        const source = terminalOf(model, oversize);
        source.process(Uint8Array.from([command, 0xc3, ...orders]));
        source.process(Uint8Array.of(0xf1, 0xc3, 0x11, high, low, 0x13));
        const copy = terminalOf(model, oversize);
        const record = paintScreen(source.screen, { alternate: command === EWA });
        expect(copy.process(record)).toBe('ok');
        expect(copy.screen.rows).toBe(source.screen.rows);
        expect(copy.screen.cells).toEqual(source.screen.cells);
        expect(copy.screen.cursor).toBe(source.screen.cursor);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps modified data tags, and has the keyboard restored when asked', () => {
    const source = terminalOf('3279-2-E');
    source.process(Uint8Array.of(EW, 0xc3, 0x1d, 0xc1, 0xc1, 0x1d, 0xf0));
    expect(paintScreen(source.screen, { alternate: false })).toEqual(
      Uint8Array.of(EW, 0x40, 0x1d, 0xc1, 0xc1, 0x1d, 0xf0, 0x11, 0x40, 0x40, 0x11, 0x40, 0x40, 0x13),
    );
    expect(paintScreen(source.screen, { alternate: true, restore: true }).subarray(0, 2)).toEqual(
      Uint8Array.of(EWA, 0xc2),
    );
  });

  it('uses SF alone on a terminal without extended attributes', () => {
    const source = terminalOf('3279-2-E');
    const orders = [0x29, 2, 0xc0, 0xf0, 0x42, 0xf2, 0x28, 0x42, 0xf4, 0xc1, 0x08, 0xad];
    source.process(Uint8Array.from([EW, 0xc3, ...orders]));
    const plain = paintScreen(source.screen, { alternate: false, extended: false });
    expect(plain.subarray(0, 6)).toEqual(Uint8Array.of(EW, 0x40, 0x1d, 0xf0, 0xc1, 0x40));
  });

  it('shows what was drawn in NVT mode as text', () => {
    const source = terminalOf('3279-2-E');
    source.screen.setUnicode(0, 0x41, 0);
    source.screen.setUnicode(1, 0x4e2d, 0);
    source.screen.changed(false);
    const copy = terminalOf('3279-2-E');
    copy.process(paintScreen(source.screen, { alternate: false, encode: (codePoint) => CP037.fromUnicode(codePoint) }));
    expect(dumpScreen(copy.screen)[0]).toMatch(/^c1 40 00/);
  });
});

describe('a reply mode', () => {
  it.each([
    { kind: 'field' },
    { kind: 'extended-field' },
    { kind: 'character', attributes: new Set([0x41, 0x42]) },
  ] as const)('$kind is set on the terminal', (mode) => {
    const terminal = terminalOf('3279-2-E');
    expect(terminal.process(setReplyMode(mode))).toBe('ok');
    expect(terminal.replyMode).toEqual(mode);
  });
});
