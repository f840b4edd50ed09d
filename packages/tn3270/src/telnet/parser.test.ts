import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from './client.fixture.ts';
import { type TelnetHandler, TelnetParser } from './parser.ts';

/** Writes down what the parser finds; runs of data that follow one another are one. */
class Notes implements TelnetHandler {
  readonly found: string[] = [];
  #inData = false;

  data(bytes: Uint8Array, start: number, end: number): void {
    const run = toHex(bytes.subarray(start, end));
    if (this.#inData) this.found[this.found.length - 1] += run;
    else this.found.push(`data ${run}`);
    this.#inData = true;
  }

  command(code: number): void {
    this.#note(`command ${code}`);
  }

  negotiate(verb: number, option: number): void {
    this.#note(`negotiate ${verb} ${option}`);
  }

  subnegotiate(option: number, payload: Uint8Array): void {
    this.#note(`sub ${option} ${toHex(payload)}`);
  }

  subnegotiationOverflow(option: number): void {
    this.#note(`overflow ${option}`);
  }

  #note(line: string): void {
    this.#inData = false;
    this.found.push(line);
  }
}

function parse(...chunks: Uint8Array[]): string[] {
  const notes = new Notes();
  const parser = new TelnetParser(notes);
  for (const chunk of chunks) parser.push(chunk);
  return notes.found;
}

describe('TelnetParser', () => {
  it.each([
    ['plain data', '616263', ['data 616263']],
    ['a doubled IAC (RFC 854)', '61ffff62', ['data 61ff62']],
    ['a command between data', '61ffef62', ['data 61', 'command 239', 'data 62']],
    ['a negotiation', 'fffd28', ['negotiate 253 40']],
    ['a subnegotiation with a doubled IAC (RFC 855)', 'fffa1801ffff02fff0', ['sub 24 01ff02']],
    ['an IAC before something else in a subnegotiation', 'fffa18ff01fff0', ['sub 24 01']],
    ['a subnegotiation without an option', 'fffafff061', ['data 61']],
    ['a negotiation of option 255', 'fffdff61', ['negotiate 253 255', 'data 61']],
  ])('reads %s', (_title, hex, expected) => {
    expect(parse(fromHex(hex))).toEqual(expected);
  });

  it('drops a subnegotiation longer than 1,024 bytes and goes on behind it', () => {
    const fits = new Uint8Array(1024).fill(7);
    const tooLong = new Uint8Array(1025).fill(7);
    expect(parse(fromHex('fffa'), fits, fromHex('fff061'))).toEqual([`sub 7 ${'07'.repeat(1023)}`, 'data 61']);
    expect(parse(fromHex('fffa'), tooLong, fromHex('fff061'))).toEqual(['overflow 7', 'data 61']);
  });

  it('stops where its handler asks and leaves the rest', () => {
    const notes = new Notes();
    const parser = new TelnetParser({
      data: (bytes, start, end) => notes.data(bytes, start, end),
      command: (code) => notes.command(code),
      negotiate: (verb, option) => notes.negotiate(verb, option),
      subnegotiate: () => parser.stop(),
      subnegotiationOverflow: (option) => notes.subnegotiationOverflow(option),
    });
    expect(parser.push(fromHex('fffa2e01fff0160301'))).toBe(6);
    expect(notes.found).toEqual([]);
  });

  it('finds the same however the stream is cut', () => {
    const byte = fc.oneof(fc.constantFrom(0xff, 0xfa, 0xf0, 0xef, 0xfd, 0x18), fc.nat(255));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 200 }), fc.array(fc.nat(40), { maxLength: 20 }), (bytes, lengths) => {
        const stream = Uint8Array.from(bytes);
        const chunks: Uint8Array[] = [];
        let at = 0;
        for (const length of lengths) chunks.push(stream.subarray(at, (at += length)));
        chunks.push(stream.subarray(at));
        expect(parse(...chunks)).toEqual(parse(stream));
      }),
    );
  });
});
