import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkHost, checkListenPort, checkPort, formatAddress, parseAddress } from './address.ts';

const invalid = expect.objectContaining({ code: 'ADDRESS_INVALID' });

describe('parseAddress', () => {
  it.each([
    ['host.example:3270', 'host.example', 3270],
    ['host.example', 'host.example', 23],
    ['127.0.0.1:992', '127.0.0.1', 992],
    ['[::1]:3270', '::1', 3270],
    ['[::1]', '::1', 23],
    ['::1', '::1', 23],
    ['[fe80::1%eth0]:23', 'fe80::1%eth0', 23],
    ['my_host:65535', 'my_host', 65535],
    ['müller.example:23', 'xn--mller-kva.example', 23],
  ])('reads %s', (text, host, port) => {
    expect(parseAddress(text, 23)).toEqual({ host, port });
  });

  it.each([
    ['', 'nothing'],
    [':23', 'no host'],
    ['host:', 'no port after the colon'],
    ['host:0', 'port 0'],
    ['host:65536', 'a port too great'],
    ['host:+23', 'a sign'],
    ['host:23x', 'letters in the port'],
    ['host:1:2', 'two colons'],
    ['[host]:23', 'a name in brackets'],
    ['[::1]23', 'no colon behind the bracket'],
    ['[::1', 'an open bracket'],
    ['a b:23', 'a blank'],
    ['host\0.example:23', 'a NUL'],
    ['-host:23', 'a leading hyphen'],
    ['a..b:23', 'an empty label'],
    [`${'a'.repeat(64)}:23`, 'a label of 64'],
    ['127.1:23', 'a short form of IPv4'],
    ['1.2.3.4.5:23', 'five parts'],
    ['256.1.1.1:23', 'a part above 255'],
    ['0x7f000001:23', 'hexadecimal IPv4'],
  ])('refuses %j: %s', (text) => {
    expect(() => parseAddress(text, 23)).toThrow(invalid);
  });

  it('asks for a port when there is no default', () => {
    expect(() => parseAddress('host')).toThrow(invalid);
    expect(() => parseAddress('::1')).toThrow(invalid);
  });

  it('reads back whatever formatAddress writes', () => {
    const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65_535 }), (name, port) => {
        expect(parseAddress(formatAddress({ host: name, port }))).toEqual({ host: name, port });
      }),
    );
  });
});

describe('checkHost and checkPort', () => {
  it('keep a trailing dot and the case of a name', () => {
    expect(checkHost('Host.Example.')).toBe('Host.Example.');
  });

  it('allow port 0 for listening alone', () => {
    expect(checkListenPort(0)).toBe(0);
    expect(() => checkPort(0)).toThrow(invalid);
    expect(() => checkPort(1.5)).toThrow(invalid);
    expect(() => checkListenPort(-1)).toThrow(invalid);
  });
});
