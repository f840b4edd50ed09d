import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_PARAMETER, MAX_PARAMETERS, MAX_STRING_BYTES, NvtParser } from './parser.ts';

/** What the handler was told, a line an item. */
function record(): { parser: NvtParser; events: string[] } {
  const events: string[] = [];
  const parser = new NvtParser({
    print: (codePoint) => events.push(`print ${String.fromCodePoint(codePoint)}`),
    execute: (control) => events.push(`execute ${control}`),
    escape: (intermediate, final) => events.push(`escape ${name(intermediate)}${name(final)}`),
    control: (marker, parameters, count, intermediate, final) =>
      events.push(
        `control ${name(marker)}${parameters.subarray(0, count).join(';')}${name(intermediate)}${name(final)}`,
      ),
    unknown: () => events.push('unknown'),
  });
  return { parser, events };
}

const name = (code: number): string => (code === 0 ? '' : String.fromCharCode(code));

function parse(text: string | Uint8Array): string[] {
  const { parser, events } = record();
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  parser.push(bytes, 0, bytes.length);
  return events;
}

describe('NvtParser', () => {
  // ECMA-48 §5.4 (control sequences), §5.6 (strings); DEC STD 070 for controls inside of a sequence.
  it.each<[behaviour: string, text: string, events: string[]]>([
    ['a sequence without parameter as one parameter 0', '\x1b[H', ['control 0H']],
    ['omitted parameters as 0', '\x1b[;5;m', ['control 0;5;0m']],
    ['a private marker', '\x1b[?1;25h', ['control ?1;25h']],
    ['an intermediate byte', '\x1b[!p', ['control 0!p']],
    ['an escape sequence', '\x1bM\x1b7', ['escape M', 'escape 7']],
    ['a designation', '\x1b(0', ['escape (0']],
    ['more than one intermediate as one that no function has', '\x1b(%0', ['escape \xff0']],
    ['a control inside of a sequence, and goes on', '\x1b[2\r;3H', ['execute 13', 'control 2;3H']],
    ['ESC as the end of what was begun', '\x1b[2\x1b[3A', ['control 3A']],
    ['CAN as the end of what was begun', '\x1b[2\x18A', ['unknown', 'print A']],
    ['a parameter substring as a whole unknown', '\x1b[38:5:1mA', ['unknown', 'print A']],
    ['a late private marker as unknown', '\x1b[1?hA', ['unknown', 'print A']],
    ['a parameter after an intermediate as unknown', '\x1b[!1pA', ['unknown', 'print A']],
    ['a character inside of a sequence as its end', '\x1b[2éA', ['unknown', 'print é', 'print A']],
    ['an eight-bit control as unknown', '\u009bA', ['unknown', 'print A']],
    ['an operating system command up to BEL', '\x1b]0;title\x07A', ['print A']],
    ['an operating system command up to ST', '\x1b]0;tïtle\x1b\\A', ['escape \\', 'print A']],
    ['device control up to ST, past BEL and line ends', '\x1bP1$q\x07\r\n\x1b\\A', ['escape \\', 'print A']],
    ['CAN as the end of a string', '\x1b_apc\x18A', ['unknown', 'print A']],
    ['DEL as nothing', 'a\x7fb\x1b[\x7f2A', ['print a', 'print b', 'control 2A']],
  ])('takes %s', (_, text, events) => {
    expect(parse(text)).toEqual(events);
  });

  it('draws U+FFFD for a character cut short and acts on the control that cut it', () => {
    expect(parse(Uint8Array.of(0xe2, 0x82, 0x0d, 0xff, 0x41))).toEqual([
      'print \ufffd',
      'execute 13',
      'print \ufffd',
      'print A',
    ]);
  });

  it('bounds number and value of parameters', () => {
    const many = parse(`\x1b[${'7;'.repeat(MAX_PARAMETERS + 5)}m`);
    expect(many).toEqual([`control ${Array(MAX_PARAMETERS).fill(7).join(';')}m`]);
    expect(parse(`\x1b[${'9'.repeat(400)}A`)).toEqual([`control ${MAX_PARAMETER}A`]);
  });

  it('shows text again after a string that has no end', () => {
    expect(parse(`\x1b]${'x'.repeat(MAX_STRING_BYTES)}AB`)).toEqual(['unknown', 'print A', 'print B']);
  });

  it.each([
    ['sequence', [0x1b, 0x5b, 0x31]],
    ['character', [0xe2, 0x82]],
  ])('forgets a %s begun when reset', (_, begun) => {
    const { parser, events } = record();
    parser.push(Uint8Array.from(begun), 0, begun.length);
    parser.reset();
    parser.push(Uint8Array.of(0x41), 0, 1);
    expect(events).toEqual(['print A']);
  });

  it('finds the same however the bytes are cut', () => {
    const piece = fc.constantFrom(
      '\x1b',
      '[',
      ']',
      '(',
      '?',
      '!',
      ':',
      ';',
      '12',
      'P',
      'm',
      '\\',
      '\x07',
      '\x18',
      'é',
      '€',
    );
    const text = fc.array(fc.oneof(piece, fc.string()), { maxLength: 30 }).map((pieces) => pieces.join(''));
    const bytes = fc.oneof(
      text.map((value) => new TextEncoder().encode(value)),
      fc.uint8Array({ maxLength: 60 }),
    );
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(60), { maxLength: 6 }), (all, cuts) => {
        const { parser, events } = record();
        const ends = [...cuts.filter((cut) => cut <= all.length), all.length].sort((a, b) => a - b);
        let start = 0;
        for (const end of ends) {
          parser.push(all, start, end);
          start = end;
        }
        expect(events).toEqual(parse(all));
      }),
    );
  });
});
