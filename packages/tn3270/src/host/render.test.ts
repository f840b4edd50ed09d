import { describe, expect, it } from 'vitest';
import { APL } from '../codepage/apl.ts';
import { codePage } from '../codepage/registry.ts';
import { decodeInbound } from './inbound.ts';
import { readAnswer, renderScreen, renderUpdate } from './render.ts';
import { defineScreen } from './screen.ts';

const size = { rows: 24, columns: 80 };
const basic = { codePage: codePage('037'), apl: undefined, extended: false };
const extended = { codePage: codePage('037'), apl: APL, extended: true };
const quiet = { alarm: false, restore: true };
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const layout = defineScreen({
  fields: [
    { row: 1, column: 2, text: 'A', color: 'red' },
    { row: 1, column: 10, name: 'user', length: 4, highlight: 'underscore' },
    { row: 2, column: 2, name: 'pin', length: 2, hidden: true, numeric: true },
    { row: 3, column: 2, name: 'message', length: 5, protected: true, intensified: true },
  ],
}).layout(size);

describe('renderScreen', () => {
  it('writes fields in order, closes the inputs and sets the cursor', () => {
    const stream = renderScreen(layout, { user: 'BO', message: 'HI' }, layout.cursor, 'EW', quiet, basic);
    expect(hex(stream)).toBe(
      'f5c3' +
        '1140401df0c1' +
        '1140c81dc1c2d6' +
        '11404d1df0' +
        '11c1501d5d' +
        '11c1d31df0' +
        '11c2601df8c8c9' +
        '1140c913',
    );
  });

  it('adds colour and highlight by SFE where the terminal understands it', () => {
    const stream = hex(renderScreen(layout, {}, 0, 'EWA', { alarm: true, restore: true }, extended));
    expect(stream.startsWith('7ec7')).toBe(true);
    expect(stream).toContain('2902c0f042f2c1');
    expect(stream).toContain('2902c0c141f4');
  });

  it('gives each run of a text its own attributes by SA and takes them back', () => {
    const runs = defineScreen({
      fields: [{ row: 1, column: 2, text: [{ text: 'A', color: 'red', highlight: 'reverse' }, { text: 'B' }] }],
    }).layout(size);
    expect(hex(renderScreen(runs, {}, 0, 'EW', quiet, extended))).toContain('1df02841f22842f2c1280000c2');
    expect(hex(renderScreen(runs, {}, 0, 'EW', quiet, basic))).toContain('1df0c1c2');
  });

  it('refuses a value longer than its field', () => {
    expect(() => renderScreen(layout, { user: 'TOOLONG' }, 0, 'EW', quiet, basic)).toThrow(
      expect.objectContaining({
        code: 'SCREEN_VALUE_INVALID',
        details: { field: 'user', reason: '7 characters for 4 cells' },
      }),
    );
  });
});

describe('renderUpdate', () => {
  it('writes the named fields alone, the rest of each with nulls', () => {
    const stream = renderUpdate(layout, { message: 'HI' }, { alarm: true, restore: false }, basic);
    expect(hex(stream)).toBe('f1c4' + '11c261c8c9' + '3cc2e600');
  });
});

describe('readAnswer', () => {
  const read = (record: string) => {
    const inbound = decodeInbound(new Uint8Array(Buffer.from(record.replaceAll(' ', ''), 'hex')));
    if (inbound.kind !== 'attention') throw new Error(inbound.kind);
    return readAnswer(layout, { user: 'OLD' }, inbound, basic);
  };

  it('gives values by name, trimmed, and the cursor from 1', () => {
    expect(read('7d c150 1140c9 40c1c240 11c1d1 f1f2')).toEqual({
      aid: 'Enter',
      cursor: { row: 2, column: 1 },
      values: { user: 'AB', pin: '12' },
    });
  });

  it('takes an input that did not come back as erased', () => {
    expect(read('7d 4040 11c1d1 f1').values).toEqual({ user: '', pin: '1' });
  });

  it('leaves the values as shown after a key that sends none', () => {
    expect(read('6c')).toEqual({ aid: 'PA1', cursor: { row: 1, column: 1 }, values: { user: 'OLD', pin: '' } });
  });

  it('passes over fields that the screen does not have', () => {
    expect(read('7d 4040 117f7f c1').values).toEqual({ user: '', pin: '' });
  });
});
