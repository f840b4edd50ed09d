import { describe, expect, it } from 'vitest';
import { canonicalName, formatName, isWithin, labelCount, parentOf, parseName, ROOT, wildcardOf } from './name.ts';

describe('A domain name', () => {
  it.each([
    ['www.example.com', '\x03www\x07example\x03com\0', 'www.example.com.'],
    ['www.example.com.', '\x03www\x07example\x03com\0', 'www.example.com.'],
    ['.', '\0', '.'],
    // RFC 1035 §5.1: a dot that is no separator, and bytes by their numbers.
    ['Action\\.domains.ISI.EDU', '\x0eAction.domains\x03ISI\x03EDU\0', 'Action\\.domains.ISI.EDU.'],
    ['a\\000b.example', '\x03a\0b\x07example\0', 'a\\000b.example.'],
    ['\\255\\032.x', '\x02\xff \x01x\0', '\\255\\032.x.'],
    ['*.a', '\x01*\x01a\0', '*.a.'],
    ['\\@.a', '\x01@\x01a\0', '\\@.a.'],
    ['_sip._udp.a', '\x04_sip\x04_udp\x01a\0', '_sip._udp.a.'],
  ])('%s is read and written', (text, wire, formatted) => {
    const name = parseName(text);
    expect(name).toBe(wire);
    expect(formatName(name)).toBe(formatted);
    expect(parseName(formatted)).toBe(wire);
  });

  it.each([
    ['', 'empty'],
    ['a..b', 'a label is empty'],
    ['.a', 'a label is empty'],
    ['a.b..', 'a label is empty'],
    ['x'.repeat(64), 'a label has 64 bytes'],
    [`${'x'.repeat(63)}.`.repeat(4), 'it has 257 bytes'],
    ['a\\256b', '\\256 is no byte'],
    ['a\\12', 'three digits'],
    ['a\\', 'three digits'],
    ['bücher.example', 'no visible ASCII'],
    ['a b', 'no visible ASCII'],
  ])('%j is refused', (text, reason) => {
    expect(() => parseName(text)).toThrow(expect.objectContaining({ code: 'DNS_NAME_INVALID' }));
    expect(() => parseName(text)).toThrow(reason);
  });

  it('of 255 bytes is the longest (RFC 1035 §2.3.4)', () => {
    const longest = `${'x'.repeat(63)}.`.repeat(3) + 'x'.repeat(61);
    expect(parseName(longest)).toHaveLength(255);
    expect(() => parseName(`${longest}x`)).toThrow('256 bytes');
  });

  it('is relative to an origin when no dot stands at its end', () => {
    const origin = parseName('example.org.');
    expect(formatName(parseName('www', origin))).toBe('www.example.org.');
    expect(formatName(parseName('www.', origin))).toBe('www.');
  });

  it('is compared without regard to the case of ASCII letters alone (RFC 4343)', () => {
    expect(canonicalName(parseName('WwW.ExAmple.\\193'))).toBe(parseName('www.example.\\193'));
    expect(canonicalName(parseName('\\193'))).not.toBe(canonicalName(parseName('\\225')));
  });

  it('lies within another at the boundary of labels only', () => {
    expect(isWithin(parseName('a.example'), parseName('example'))).toBe(true);
    expect(isWithin(parseName('example'), parseName('example'))).toBe(true);
    expect(isWithin(parseName('anexample'), parseName('example'))).toBe(false);
    expect(isWithin(parseName('a\\007example'), parseName('example'))).toBe(false);
    expect(isWithin(parseName('example'), ROOT)).toBe(true);
  });

  it('has a parent, a number of labels and a wildcard below it', () => {
    expect(parentOf(parseName('a.b.c'))).toBe(parseName('b.c'));
    expect(labelCount(parseName('a.b.c'))).toBe(3);
    expect(labelCount(ROOT)).toBe(0);
    expect(wildcardOf(parseName('b.c'))).toBe(parseName('*.b.c'));
  });
});
