import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from './client.fixture.ts';
import { encodeData, encodeRecord, encodeSubnegotiation } from './encode.ts';
import { TelnetParser } from './parser.ts';

describe('telnet encoding', () => {
  it('doubles every IAC of header and body, and ends a record by IAC EOR (RFC 885)', () => {
    expect(toHex(encodeRecord(fromHex('ff01ffff'), fromHex('000000ff')))).toBe('000000ffffffff01ffffffffffef');
    expect(toHex(encodeRecord(fromHex('7d4040')))).toBe('7d4040ffef');
    expect(toHex(encodeRecord(fromHex('')))).toBe('ffef');
  });

  it('frames a subnegotiation (RFC 1073, 255 columns)', () => {
    expect(toHex(encodeSubnegotiation(31, fromHex('00ff0018')))).toBe('fffa1f00ffff0018fff0');
  });

  it('is undone by the parser', () => {
    fc.assert(
      fc.property(fc.uint8Array({ max: 255, maxLength: 60 }), (bytes) => {
        let data = '';
        let payload = '';
        const parser = new TelnetParser({
          data: (run, start, end) => {
            data += toHex(run.subarray(start, end));
          },
          command: () => undefined,
          negotiate: () => undefined,
          subnegotiate: (_option, found) => {
            payload = toHex(found);
          },
          subnegotiationOverflow: () => undefined,
        });
        parser.push(encodeData(bytes));
        parser.push(encodeSubnegotiation(24, bytes));
        expect([data, payload]).toEqual([toHex(bytes), toHex(bytes)]);
      }),
    );
  });
});
