import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messageType } from './message.ts';

const inner = messageType({ a: { number: 1, kind: 'number' } });
const all = messageType({
  text: { number: 2, kind: 'string' },
  flag: { number: 3, kind: 'bool' },
  count: { number: 4, kind: 'number' },
  ratio: { number: 5, kind: 'double' },
  labels: { number: 6, kind: 'map' },
  many: { number: 16, many: inner },
});
const EMPTY = { text: '', flag: false, count: 0, ratio: 0, labels: {}, many: [] };

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

describe('a message of Protocol Buffers', () => {
  it.each([
    // The first three: protobuf.dev, "Encoding": Test1, Test2; the rest as protoc --encode writes them.
    ['08 96 01', inner, { a: 150 }],
    ['12 07 74 65 73 74 69 6e 67', all, { ...EMPTY, text: 'testing' }],
    ['18 01', all, { ...EMPTY, flag: true }],
    ['20 ff ff ff ff ff ff ff 0f', all, { ...EMPTY, count: Number.MAX_SAFE_INTEGER }],
    ['29 00 00 00 00 00 00 00 80', all, { ...EMPTY, ratio: -0 }],
    ['29 00 00 00 00 00 00 f0 7f', all, { ...EMPTY, ratio: Infinity }],
    ['32 06 0a 01 6b 12 01 76', all, { ...EMPTY, labels: { k: 'v' } }],
    ['82 01 02 08 01 82 01 00', all, { ...EMPTY, many: [{ a: 1 }, { a: 0 }] }],
    ['', all, EMPTY],
  ] as const)('%s', (bytes, type, message) => {
    expect(Buffer.from(type.encode(message as never))).toEqual(Buffer.from(hex(bytes)));
    expect(type.decode(hex(bytes))).toEqual(message);
  });

  it.each([
    ['fields that it does not know', '08 01 7a 01 ff 79 00 00 00 00 00 00 00 00 7d 00 00 00 00 78 05'],
    ['a field twice: the last counts', '08 07 08 01'],
    ['a number with more bytes than it needs', '08 81 80 80 00'],
  ])('takes %s', (_what, bytes) => {
    expect(inner.decode(hex(bytes))).toEqual({ a: 1 });
  });

  it.each([
    ['a cut number', '08 96'],
    ['a cut text', '12 07 74'],
    ['a number above 2^53', '08 ff ff ff ff ff ff ff ff 7f'],
    ['a number without end', '08 ff ff ff ff ff ff ff ff ff ff 01'],
    ['another wire type', '0a 01 00'],
    ['a wire type that there is not', '0b'],
    ['groups', '7b'],
  ])('refuses %s', (_what, bytes) => {
    expect(() => [inner.decode(hex(bytes)), all.decode(hex(bytes))]).toThrow(RangeError);
  });

  it('refuses to write a number that is none', () => {
    expect(() => inner.encode({ a: -1 })).toThrow(RangeError);
    expect(() => inner.encode({ a: 1.5 })).toThrow(RangeError);
  });

  const messages = fc.record({
    text: fc.string({ unit: 'grapheme' }),
    flag: fc.boolean(),
    count: fc.maxSafeNat(),
    ratio: fc.double(),
    labels: fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }),
    many: fc.array(fc.record({ a: fc.maxSafeNat() })),
  });

  it('comes back as it was written', () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(all.decode(all.encode(message))).toEqual(message);
      }),
    );
  });

  it('is read or refused with a RangeError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          all.decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});
