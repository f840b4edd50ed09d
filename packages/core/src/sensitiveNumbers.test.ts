import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCardNumber, maskLine, maskNumbers, maskValue } from './sensitiveNumbers.ts';

const CARD = '4111111111111111';
const HIDDEN_CARD = '************1111';

describe('maskNumbers', () => {
  // Numbers that the networks publish for tests.
  it.each([
    [CARD, HIDDEN_CARD],
    ['4111 1111 1111 1111', '**** **** **** 1111'],
    ['5555-5555-5555-4444', '****-****-****-4444'],
    ['3782 822463 10005', '**** ****** *0005'],
    ['30569309025904', '**********5904'],
    ['4222222222222', '*********2222'],
    ['6304000000000000000', '***************0000'],
    ['2223003122003222', '************3222'],
    [`CARD${CARD}VISA`, `CARD${HIDDEN_CARD}VISA`],
    // ISO/IEC 7813, track 1 of a card.
    [`%B${CARD}^DOE/JANE^2512`, `%B${HIDDEN_CARD}^DOE/JANE^2512`],
    [`22 ${CARD}`, `22 ${HIDDEN_CARD}`],
    ['2026-11-20 4111-1111-1111-1111 07:15', '2026-11-20 ****-****-****-1111 07:15'],
    // The last digits of this date and twelve of the card pass the check too.
    ['2026-11-22 4111-1111-1111-1111 07:15', '2026-11-** ****-****-****-1111 07:15'],
    [`${CARD} ${CARD}`, `${HIDDEN_CARD} ${HIDDEN_CARD}`],
    // What is left of the first number and the next group would be another one.
    ['5555555555554444 100000005', '**************** *****0005'],
    ['078-05-1120', '***-**-****'],
    [`SSN 078-05-1120 card ${CARD}.`, `SSN ***-**-**** card ${HIDDEN_CARD}.`],
  ])('hides the number in %s', (text, expected) => {
    expect(maskNumbers(text)).toBe(expected);
  });

  it.each([
    ['4111111111111112', 'fails the check of Luhn'],
    ['41111111', 'is too short'],
    ['41111111111111111111111', 'is too long'],
    ['1767225600000', 'is a time'],
    ['20261122060103', 'is a date and a time'],
    ['0x4111111111111111', 'is hexadecimal'],
    [`a9${CARD}c0`, 'is a part of a digest'],
    [`0.${CARD}`, 'is a fraction'],
    ['000-12-3456', 'is no area'],
    ['666-12-3456', 'is no area'],
    ['900-12-3456', 'is no area'],
    ['2026-01-11', 'is a date'],
  ])('leaves %s, which %s', (text) => {
    expect(maskNumbers(text)).toBe(text);
  });

  /** A number of a card: the last digit makes the sum right. */
  const card = fc
    .tuple(fc.constantFrom('22', '3', '4', '51', '6'), fc.integer({ min: 13, max: 19 }), fc.infiniteStream(fc.nat(9)))
    .map(([prefix, length, stream]) => {
      const digits = [...prefix].map(Number);
      for (const digit of stream) {
        if (digits.length === length - 1) break;
        digits.push(digit);
      }
      const sum = digits
        .toReversed()
        .map((digit, at) => (at % 2 === 0 ? digit * 2 : digit))
        .reduce((total, weighed) => total + (weighed > 9 ? weighed - 9 : weighed), 0);
      return `${digits.join('')}${(10 - (sum % 10)) % 10}`;
    });
  const written = fc
    .tuple(card, fc.constantFrom('', ' ', '-'), fc.integer({ min: 2, max: 6 }))
    .map(([digits, separator, group]) => digits.replace(new RegExp(`(\\d{${group}})(?=\\d)`, 'g'), `$1${separator}`));
  const surroundings = fc.stringMatching(/^[ \d*.:a-zA-Z-]{0,24}$/);
  const anyText = fc.array(fc.oneof(written, surroundings), { maxLength: 6 }).map((parts) => parts.join(' '));

  it('lets no number of a card through, however it is grouped and whatever stands around it', () => {
    fc.assert(
      fc.property(written, surroundings, surroundings, (number, before, after) => {
        expect(isCardNumber(number.replace(/\D/g, ''))).toBe(true);
        const masked = maskNumbers(`${before} ${number} ${after}`)
          .slice(before.length + 1)
          .slice(0, number.length);
        expect(masked).toMatch(/^[^\d]{9,}[\d -]*$/);
        expect(masked.replace(/\D/g, '').length).toBeLessThanOrEqual(4);
      }),
      { numRuns: 1_000 },
    );
  });

  it('leaves no run of 13 to 19 digits that passes the check', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const [run] of maskNumbers(text).matchAll(/(?<![\dA-Za-z.])\d{13,19}(?![\dA-Za-z])/g))
          expect(isCardNumber(run)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  it('changes nothing but digits to stars, and nothing the second time', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.string({ unit: 'binary' })), (text) => {
        const masked = maskNumbers(text);
        expect(masked.length).toBe(text.length);
        for (let at = 0; at < text.length; at++)
          if (masked[at] !== text[at]) expect([masked[at], /\d/.test(text[at] as string)]).toEqual(['*', true]);
        expect(maskNumbers(masked)).toBe(masked);
      }),
      { numRuns: 1_000 },
    );
  });

  it('takes no longer than its length for text that is made to keep it busy', () => {
    for (const piece of [`${CARD}aa`, '4 ', '4111111111111111 11111111111 ', 'a9', '1-'])
      expect(maskNumbers(piece.repeat(100_000)).length).toBe(piece.length * 100_000);
  });
});

describe('maskLine', () => {
  it.each([
    [`paid with ${CARD}`, `paid with ${HIDDEN_CARD}`],
    [`{ ${CARD} }`, `{ ${HIDDEN_CARD} }`],
    [`{"card":${CARD},"at":1767225600000}`, `{"card":"${HIDDEN_CARD}","at":1767225600000}`],
    [`{"a":["${CARD}"],"b":-${CARD}}`, `{"a":["${HIDDEN_CARD}"],"b":"-${HIDDEN_CARD}"}`],
    [`{"msg":"one\\n078-05-1120\\u0001${CARD}\\"4\\""}`, `{"msg":"one\\n***-**-****\\u0001${HIDDEN_CARD}\\"4\\""}`],
    [`{"${CARD}":0.${CARD}}`, `{"${HIDDEN_CARD}":0.${CARD}}`],
  ])('makes of %s what it was, without the number', (line, expected) => {
    expect(maskLine(line)).toBe(expected);
  });

  it('keeps JSON whatever is in it', () => {
    const texts = fc.oneof(fc.constantFrom(CARD, '078-05-1120', `x\u0001${CARD}`), fc.string());
    const values = fc.dictionary(texts, fc.oneof(texts, fc.double(), fc.constant(Number(CARD)), fc.constant(null)));
    fc.assert(
      fc.property(values, (value) => {
        const masked = maskLine(JSON.stringify(value));
        expect(JSON.stringify(JSON.parse(masked))).not.toMatch(/4111111111111111|078-05-1120/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('maskValue', () => {
  it('gives the object itself when there is nothing to hide', () => {
    const value = { at: 1, deep: ['text'] };
    expect(maskValue(value)).toBe(value);
    expect(maskValue({ ...value, deep: [{ card: Number(CARD) }] })).toEqual({ at: 1, deep: [{ card: HIDDEN_CARD }] });
  });
});
