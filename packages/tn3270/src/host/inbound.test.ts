import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { APL } from '../codepage/apl.ts';
import { codePage } from '../codepage/registry.ts';
import { decodeFieldText, decodeInbound, isUse } from './inbound.ts';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const text = (hex: string): string => decodeFieldText(bytes(hex), codePage('037'), APL);

describe('decodeInbound', () => {
  it('reads AID, cursor and the modified fields', () => {
    const record = decodeInbound(bytes('7d c150 11 40c8 c1c2 11 c150 f1'));
    expect(record).toEqual({
      kind: 'attention',
      aid: 'Enter',
      shortRead: false,
      cursor: 80,
      fields: [
        { address: 8, bytes: bytes('c1c2') },
        { address: 80, bytes: bytes('f1') },
      ],
    });
  });

  it('keeps a field that was emptied', () => {
    const record = decodeInbound(bytes('f3 4040 11 4041 11 4050'));
    expect(record).toMatchObject({ aid: 'PF3', fields: [{ address: 1 }, { address: 16 }] });
  });

  it('does not take an operand of SA or GE, or an address byte, for an order', () => {
    const record = decodeInbound(bytes('7d 0011 11 0011 28 42 11 c1 08 11 c2'));
    expect(record).toMatchObject({ cursor: 0x11, fields: [{ address: 0x11, bytes: bytes('284211c10811c2') }] });
  });

  it('reads the whole buffer of an unformatted screen as one field at home', () => {
    expect(decodeInbound(bytes('7d 40c3 c1c2c3'))).toMatchObject({ fields: [{ address: 0, bytes: bytes('c1c2c3') }] });
  });

  it.each([
    ['6d', 'Clear'],
    ['6c', 'PA1'],
  ])('takes %s alone as a short read', (hex, aid) => {
    expect(decodeInbound(bytes(hex))).toMatchObject({ kind: 'attention', aid, shortRead: true, fields: [] });
  });

  it('tells structured fields and the test request from attention keys', () => {
    expect(decodeInbound(bytes('88 0004 8180'))).toEqual({ kind: 'structured', body: bytes('00048180') });
    expect(decodeInbound(bytes('016c6102'))).toEqual({ kind: 'test_request' });
  });

  it.each(['', '7d', '7d40', '00', '996060'])('refuses %s with a reason', (hex) => {
    expect(decodeInbound(bytes(hex))).toMatchObject({ kind: 'invalid' });
  });

  it('is total', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (record) => {
        const result = decodeInbound(record);
        if (result.kind === 'attention')
          for (const field of result.fields) decodeFieldText(field.bytes, codePage('037'), APL);
      }),
    );
  });
});

describe('decodeFieldText', () => {
  it('reads text, passes SA over, drops nulls and reads GE in page 310', () => {
    expect(text('c1 2842f2 c2 00 08c5 40 f1')).toBe('AB┌ 1');
  });
});

describe('isUse', () => {
  it.each([
    ['a key with data', '7d c150 11 40c8 c1c2', true],
    ['a short read', '6d', true],
    ['the test request key', '01 6c61 02', true],
    ['a transfer', '88 0005 d0 4705', true],
    ['a reply to a query', '88 000e 8181 8081', false],
    ['an answer to Read Buffer', '60 c150 1d40 c1', false],
    ['an answer to Read Partition', '61 c150 00', false],
    ['an empty record', '', false],
  ])('of %s', (_, record, expected) => {
    expect(isUse(bytes(record))).toBe(expected);
  });
});
