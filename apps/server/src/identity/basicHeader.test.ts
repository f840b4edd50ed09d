import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBasic } from './basicHeader.ts';

const encode = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

describe('the header of Basic', () => {
  it('gives the name and the password, which may have colons', () => {
    const printable = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 100 })
      .filter((text) => !/\p{Cc}/u.test(text));
    const name = printable.filter((text) => !text.includes(':'));
    fc.assert(
      fc.property(name, printable, (user, password) => {
        const read = parseBasic(encode(`${user}:${password}`));
        expect(read?.name).toBe(user.toWellFormed());
        expect(read?.password.reveal()).toBe(password.toWellFormed());
      }),
    );
  });

  it('reads UTF-8 (RFC 7617 §2.1)', () => {
    expect(parseBasic('dGVzdDoxMjPCow==')?.password.reveal()).toBe('123£');
  });

  it.each([
    ['nothing', ''],
    ['no colon', encode('joe')],
    ['no name', encode(':secret')],
    ['no password', encode('joe:')],
    ['a control character in the name', encode('jo\u0000e:secret')],
    ['a line break in the password', encode('joe:sec\r\nret')],
    ['bytes that are no UTF-8', Buffer.from([0x6a, 0x3a, 0xff, 0xfe]).toString('base64')],
    ['characters outside of base64', `${encode('joe:secret')}!`],
    ['padding in the middle', 'am9l=OnNlY3JldA'],
    ['a name that is too long', encode(`${'j'.repeat(257)}:secret`)],
    ['a password that is too long', encode(`joe:${'s'.repeat(1_025)}`)],
    ['a header that is too long', 'A'.repeat(8_193)],
  ])('is not taken with %s', (_what, encoded) => {
    expect(parseBasic(encoded)).toBeUndefined();
  });

  it('takes any text without throwing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), fc.string().map(encode)), (text) => {
        const read = parseBasic(text);
        if (read !== undefined) expect(read.password.reveal()).not.toBe('');
      }),
    );
  });
});
