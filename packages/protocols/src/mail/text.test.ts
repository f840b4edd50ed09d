import { cutEverywhere } from '@roundhouse/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineCheck, type LineFault, WireTextDecoder } from './textDecoder.ts';
import { WireTextEncoder } from './textEncoder.ts';

/** `ROUNDHOUSE_FUZZ_CASES` sets the number of cases of each property. */
const CASES = Number(process.env['ROUNDHOUSE_FUZZ_CASES'] ?? 1_000);
const RUNS = { numRuns: CASES };
const TIMEOUT = { timeout: 60_000 + CASES };

function encode(pieces: readonly Uint8Array[], hasDots = true): string {
  const encoder = new WireTextEncoder({ hasDots });
  return Buffer.concat([...pieces.map((piece) => encoder.push(piece)), encoder.end()]).toString('latin1');
}

/** The text, and what is left behind its end; null when there is no end. */
function decode(pieces: readonly Uint8Array[]): { readonly text: string; readonly rest: string } | null {
  const decoder = new WireTextDecoder();
  const texts: Uint8Array[] = [];
  const rest: Uint8Array[] = [];
  for (const piece of pieces) {
    const { text, consumed } = decoder.push(piece);
    texts.push(text);
    rest.push(piece.subarray(consumed));
  }
  const string = (parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString('latin1');
  return decoder.isOver ? { text: string(texts), rest: string(rest) } : null;
}

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
describe('a text goes on the wire', () => {
  it.each([
    ['', '.\r\n'],
    ['hello', 'hello\r\n.\r\n'],
    ['hello\r\n', 'hello\r\n.\r\n'],
    // RFC 5321 §4.5.2
    ['.', '..\r\n.\r\n'],
    ['.a\r\n..b\r\n', '..a\r\n...b\r\n.\r\n'],
    ['a.b\r\n.\r\nc', 'a.b\r\n..\r\nc\r\n.\r\n'],
    // RFC 5321 §2.3.8: nothing but CRLF ends a line.
    ['a\nb\rc\r\r\n', 'a\r\nb\r\nc\r\n\r\n.\r\n'],
    ['a\n.\nMAIL FROM:<x@y>', 'a\r\n..\r\nMAIL FROM:<x@y>\r\n.\r\n'],
    ['a\r.\r', 'a\r\n..\r\n.\r\n'],
  ])('%j as %j, however it is cut', (given, wire) => {
    for (const pieces of cutEverywhere(bytes(given))) expect(encode(pieces)).toBe(wire);
  });

  it('without dots where the bytes are counted', () => {
    expect(encode([bytes('.a\n.')], false)).toBe('.a\r\n.\r\n');
  });

  it('tells of bytes outside of US-ASCII', () => {
    const encoder = new WireTextEncoder({ hasDots: true });
    encoder.push(bytes('a'));
    expect(encoder.hasEighthBit).toBe(false);
    encoder.push(bytes('\xe4'));
    expect(encoder.hasEighthBit).toBe(true);
  });
});

describe('a text comes from the wire', () => {
  it.each([
    ['.\r\nQUIT', '', 'QUIT'],
    ['hello\r\n.\r\n', 'hello\r\n', ''],
    ['..a\r\n...b\r\n.\r\nrest', '.a\r\n..b\r\n', 'rest'],
    // RFC 5321 §4.5.2: a dot at the beginning goes, whatever follows it.
    ['.a\r\n.\r\n', 'a\r\n', ''],
    ['.\ra\r\n.\r\n', '\ra\r\n', ''],
  ])('%j is %j and leaves %j, however it is cut', (wire, given, rest) => {
    for (const pieces of cutEverywhere(bytes(wire))) expect(decode(pieces)).toEqual({ text: given, rest });
  });

  // https://sec-consult.com/blog/detail/smtp-smuggling-spoofing-e-mails-worldwide/
  it.each(['\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r', '\r.\r\n', '\r\n.\r', '\r\n\0.\r\n', '\n\n.\r\r\n'])(
    'a\\r\\nb%jQUIT is not its end',
    (end) => {
      for (const pieces of cutEverywhere(bytes(`a\r\nb${end}QUIT`))) expect(decode(pieces)).toBeNull();
    },
  );

  it('as it was sent, when its lines ended with CRLF', TIMEOUT, () => {
    const lines = fc.array(fc.array(fc.constantFrom('.', 'a', '\0', '\xff'), { maxLength: 6 }), { maxLength: 8 });
    fc.assert(
      fc.property(lines, fc.nat(80), (given, at) => {
        const whole = given.map((line) => `${line.join('')}\r\n`).join('');
        const wire = bytes(`${encode([bytes(whole)])}MAIL`);
        expect(decode([wire.subarray(0, at), wire.subarray(at)])).toEqual({ text: whole, rest: 'MAIL' });
      }),
      RUNS,
    );
  });
});

describe('the lines of a text', () => {
  const check = (pieces: readonly Uint8Array[], maxBytes = 10): LineFault | undefined => {
    const lines = new LineCheck(maxBytes);
    for (const piece of pieces) {
      const fault = lines.push(piece);
      if (fault !== undefined) return fault;
    }
    return lines.end();
  };

  it.each<[string, LineFault | undefined]>([
    ['a\r\n\r\nb\r\n', undefined],
    ['', undefined],
    ['12345678\r\n12345678\r\n', undefined],
    ['123456789\r\n', 'longLine'],
    ['12345678901', 'longLine'],
    ['a\n', 'bareLf'],
    ['\n', 'bareLf'],
    ['a\r\r\n', 'bareCr'],
    ['a\rb', 'bareCr'],
    ['a\r', 'bareCr'],
  ])('%j: %s, however they are cut', (given, fault) => {
    for (const pieces of cutEverywhere(bytes(given))) expect(check(pieces)).toBe(fault);
  });
});
