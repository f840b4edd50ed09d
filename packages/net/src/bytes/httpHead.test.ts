import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { httpHeadEnd, parseHttpHead, parseStatusLine } from './httpHead.ts';

const CASES = Number(process.env['ROUNDHOUSE_FUZZ_CASES'] ?? 300);
const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

describe('the head of an HTTP message', () => {
  it('is a first line and fields, names in lower case, values without the blanks around them', () => {
    const head = parseHttpHead(
      bytes('HTTP/1.1 101 Switching\r\nUpgrade:  websocket \r\nX: a\r\nx:b\r\nEmpty:\r\n\r\n'),
    );
    expect(head).toMatchObject({ startLine: 'HTTP/1.1 101 Switching' });
    expect(typeof head === 'string' ? [] : [...head.fields]).toEqual([
      ['upgrade', ['websocket']],
      ['x', ['a', 'b']],
      ['empty', ['']],
    ]);
  });

  it.each([
    ['RFC 9112 §5.1: a blank before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n'],
    ['RFC 9112 §5.2: a folded line', 'GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n'],
    ['RFC 9112 §2.2: a bare CR in a value', 'GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n'],
    ['RFC 9112 §2.2: a bare LF as the end of a line', 'GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n'],
    ['RFC 9110 §5.5: NUL in a value', 'GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n'],
    ['RFC 9110 §5.1: a name that is no token', 'GET / HTTP/1.1\r\nHo(st: a\r\n\r\n'],
    ['RFC 9112 §5: a field without a colon', 'GET / HTTP/1.1\r\nHost\r\n\r\n'],
    ['an empty first line', '\r\nHost: a\r\n\r\n'],
    ['lines ended by LF alone', 'GET / HTTP/1.1\nHost: a\n\n'],
  ])('is refused with %s', (_title, text) => {
    expect(typeof parseHttpHead(bytes(text))).toBe('string');
  });

  it('ends behind its empty line, wherever the search goes on', () => {
    const text = bytes('A\r\nB: c\r\n\r\nbody\r\n\r\n');
    for (let searched = 0; searched <= 11; searched++) expect(httpHeadEnd(text, searched)).toBe(11);
    for (let length = 0; length < 11; length++) expect(httpHeadEnd(text.subarray(0, length))).toBe(-1);
  });

  it('is read or refused whatever the bytes, and a search by pieces finds the same end', () => {
    const piece = fc.oneof(
      fc.constantFrom('\r\n', '\r', '\n', '\r\n\r\n', ':', ' ', 'HTTP/1.1 200 OK', 'Name: value', '\0'),
      fc.string({ maxLength: 8 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), fc.nat(40), (pieces, cut) => {
        const all = bytes(pieces.join(''));
        const end = httpHeadEnd(all);
        const seen = Math.min(cut, all.length);
        if (httpHeadEnd(all.subarray(0, seen)) === -1) expect(httpHeadEnd(all, seen)).toBe(end);
        if (end !== -1) parseHttpHead(all.subarray(0, end));
      }),
      { numRuns: CASES },
    );
  });
});

describe('a status line', () => {
  it.each([
    ['HTTP/1.1 200 OK', { status: 200, text: 'OK' }],
    ['HTTP/1.0 407 ', { status: 407, text: '' }],
    ['HTTP/1.1 200', { status: 200, text: '' }],
    ['HTTP/2 200', undefined],
    ['HTTP/1.1 099 x', undefined],
    ['HTTP/1.1 20 x', undefined],
    ['SSH-2.0-OpenSSH', undefined],
  ])('%j is read as it stands', (line, expected) => {
    expect(parseStatusLine(line)).toEqual(expected);
  });
});
