import { describe, expect, it } from 'vitest';
import { codePage } from '../codepage/registry.ts';
import { parseModel } from '../terminal/model.ts';
import { Terminal } from '../terminal/terminal.ts';
import { maskInbound, maskOutbound } from './mask.ts';

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

function terminalWith(record: string): Terminal {
  const options = { model: parseModel('3279-2-E'), codePage: codePage('037'), rpqName: 'X' };
  const terminal = new Terminal(options, { reply() {}, alarm() {} });
  terminal.process(bytes(record));
  return terminal;
}

const hex = (record: Uint8Array): string => Buffer.from(record).toString('hex');

describe('masked outbound records', () => {
  it.each([
    ['text of a nondisplay field', 'f5c3 1d60 c1c2 1d4c c3c4 1d60 c5', 'f5c3 1d60 c1c2 1d4c 5c5c 1d60 c5'],
    ['text put there by an address', 'f5c3 1d4c 1140c3 c1 1d60 c2', 'f5c3 1d4c 1140c3 5c 1d60 c2'],
    ['a field hidden by SFE', 'f5c3 2902c04c42f2 c1 1d60 c2', 'f5c3 2902c04c42f2 5c 1d60 c2'],
    ['a graphic escape', 'f5c3 1d4c 08ad 1d60 08ad', 'f5c3 1d4c 085c 1d60 08ad'],
    ['an outbound structured field', 'f3 0000 40 00 f5c3 1d4c c1c2 1d60 c3', 'f3 0000 40 00 f5c3 1d4c 5c5c 1d60 c3'],
  ])('hide %s', (_title, record, masked) => {
    expect(hex(maskOutbound(bytes(record), terminalWith(record).screen))).toBe(masked.replaceAll(' ', ''));
  });
});

describe('masked inbound records', () => {
  const screen = terminalWith('f5c3 1dc1 c1c1 1d4d c2c2 1d60').screen;

  it.each([
    ['the field that is nondisplay', '7d4040 1140c1c1c1 1140c4c2c2', '7d4040 1140c1c1c1 1140c45c5c'],
    ['its characters among attributes', '7d4040 1140c4 2842f2c2c2', '7d4040 1140c4 2842f25c5c'],
    ['its place in a buffer read', '604040 1dc1c1c1 1d4dc2c2 1d60', '604040 1dc1c1c1 1d4d5c5c 1d60'],
    ['nothing of a short read', '6c', '6c'],
    ['nothing of a query reply', '88000481ff', '88000481ff'],
  ])('hide %s', (_title, record, masked) => {
    expect(hex(maskInbound(bytes(record), screen))).toBe(masked.replaceAll(' ', ''));
  });
});
