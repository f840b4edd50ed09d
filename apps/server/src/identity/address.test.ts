import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalAddress, isInRanges, isThisMachine } from './address.ts';

describe('an address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['unix', 'unix'],
    ['', ''],
  ])('%j is spelled %j', (address, canonical) => {
    expect(canonicalAddress(address)).toBe(canonical);
  });

  it.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['unix', true],
    ['128.0.0.1', false],
    ['127.evil.example', false],
    ['::2', false],
    ['', false],
  ])('%j is of this machine: %j', (address, isHere) => {
    expect(isThisMachine(address)).toBe(isHere);
  });
});

const toText = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
const anyIpv4 = fc.integer({ min: 0, max: 0xffffffff });

describe('ranges of addresses', () => {
  it.each([
    ['10.1.2.3', ['10.1.0.0/16'], true],
    ['10.2.2.3', ['10.1.0.0/16'], false],
    ['10.2.2.3', ['10.1.0.0/16', '10.2.2.3'], true],
    ['2001:db8::5', ['2001:db8::/32'], true],
    ['2001:db9::5', ['2001:db8::/32'], false],
    ['192.0.2.1', ['::ffff:192.0.2.1'], true],
    ['0.0.0.1', ['::1'], false],
    ['127.0.0.1', ['0.0.0.0/0'], true],
    ['::1', ['0.0.0.0/0'], false],
    ['unix', ['0.0.0.0/0', '::/0'], false],
    ['', ['0.0.0.0/0', '::/0'], false],
  ])('%j is in %j: %j', (address, ranges, isIn) => {
    expect(isInRanges(address, ranges)).toBe(isIn);
  });

  it('hold what has the same leading bits, and nothing else', () => {
    fc.assert(
      fc.property(anyIpv4, anyIpv4, fc.integer({ min: 0, max: 32 }), (address, network, bits) => {
        const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
        const isIn = (address & mask) >>> 0 === (network & mask) >>> 0;
        expect(isInRanges(toText(address), [`${toText(network)}/${bits}`])).toBe(isIn);
        expect(isInRanges(toText((network ^ (address & ~mask)) >>> 0), [`${toText(network)}/${bits}`])).toBe(true);
      }),
    );
  });
});
