import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputDecoder, type InputEvent } from './input.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** All at once, with what a pause at the end makes of the rest. */
function decode(text: string): InputEvent[] {
  const decoder = new InputDecoder();
  return joined([...decoder.push(bytesOf(text)), ...decoder.flush()]);
}

/** Neighbouring pieces of text, which depend on the cuts, put together. */
function joined(events: readonly InputEvent[]): InputEvent[] {
  const result: InputEvent[] = [];
  for (const event of events) {
    const last = result.at(-1);
    if (event.type !== 'key' && last?.type === event.type) {
      result[result.length - 1] = { type: event.type, text: last.text + event.text };
    } else result.push(event);
  }
  return result;
}

const key = (chord: string): InputEvent => ({ type: 'key', chord });
const text = (value: string): InputEvent => ({ type: 'text', text: value });
const paste = (value: string): InputEvent => ({ type: 'paste', text: value });

/** Sources: xterm control sequences ("PC-Style Function Keys", modifyOtherKeys), DEC VT220, console_codes(4), CSI u. */
const CHORDS: ReadonlyArray<readonly [bytes: string, chord: string]> = [
  ['\r', 'Enter'],
  ['\n', 'Ctrl-J'],
  ['\t', 'Tab'],
  ['\x00', 'Ctrl-Space'],
  ['\x03', 'Ctrl-C'],
  ['\x08', 'Ctrl-H'],
  ['\x1c', 'Ctrl-\\'],
  ['\x1d', 'Ctrl-]'],
  ['\x1f', 'Ctrl-_'],
  ['\x7f', 'Backspace'],
  ['\x1b[A', 'Up'],
  ['\x1bOA', 'Up'],
  ['\x1b[B', 'Down'],
  ['\x1b[C', 'Right'],
  ['\x1b[D', 'Left'],
  ['\x1b[1;5D', 'Ctrl-Left'],
  ['\x1b[1;3C', 'Alt-Right'],
  ['\x1b[1;9C', 'Alt-Right'],
  ['\x1b[1;8C', 'Ctrl-Alt-Shift-Right'],
  ['\x1b[H', 'Home'],
  ['\x1bOH', 'Home'],
  ['\x1b[1~', 'Home'],
  ['\x1b[7~', 'Home'],
  ['\x1b[F', 'End'],
  ['\x1b[4~', 'End'],
  ['\x1b[8~', 'End'],
  ['\x1b[1;5F', 'Ctrl-End'],
  ['\x1b[2~', 'Insert'],
  ['\x1b[3~', 'Delete'],
  ['\x1b[5~', 'PageUp'],
  ['\x1b[6~', 'PageDown'],
  ['\x1b[Z', 'Shift-Tab'],
  ['\x1bOP', 'F1'],
  ['\x1b[11~', 'F1'],
  ['\x1b[[A', 'F1'],
  ['\x1b[[E', 'F5'],
  ['\x1bOS', 'F4'],
  ['\x1b[15~', 'F5'],
  ['\x1b[21~', 'F10'],
  ['\x1b[23~', 'F11'],
  ['\x1b[24~', 'F12'],
  ['\x1b[25~', 'F13'],
  ['\x1b[34~', 'F20'],
  ['\x1b[45~', 'F24'],
  ['\x1b[1;2P', 'Shift-F1'],
  ['\x1bO2P', 'Shift-F1'],
  ['\x1b[24;2~', 'Shift-F12'],
  ['\x1b\x1bOP', 'Alt-F1'],
  ['\x1b\x1b[24~', 'Alt-F12'],
  ['\x1b[1;3P', 'Alt-F1'],
  ['\x1b1', 'Alt-1'],
  ['\x1ba', 'Alt-a'],
  ['\x1bé', 'Alt-é'],
  ['\x1b\x7f', 'Alt-Backspace'],
  ['\x1b\r', 'Alt-Enter'],
  ['\x1b\x03', 'Ctrl-Alt-C'],
  ['\x1bOM', 'Enter'],
  ['\x1b[27;5;13~', 'Ctrl-Enter'],
  ['\x1b[27;5;114~', 'Ctrl-R'],
  ['\x1b[114;5u', 'Ctrl-R'],
  ['\x1b[97;3u', 'Alt-a'],
  ['\x1b[9;2u', 'Shift-Tab'],
  ['\x1b[27u', 'Escape'],
];

describe('InputDecoder', () => {
  it.each(CHORDS)('reads %j as %s', (bytes, chord) => {
    expect(decode(bytes)).toEqual([key(chord)]);
  });

  it('reads text between keys, in UTF-8', () => {
    expect(decode('joe\tÄ€𝄞\r')).toEqual([text('joe'), key('Tab'), text('Ä€𝄞'), key('Enter')]);
  });

  it.each([
    ['Esc alone', '\x1b', [key('Escape')]],
    ['Esc twice', '\x1b\x1b', [key('Escape'), key('Escape')]],
    ['Esc twice and a character', '\x1b\x1ba', [key('Escape'), key('Alt-a')]],
    ['Alt with the beginning of sequences', '\x1b[', [key('Alt-[')]],
    ['Alt-O', '\x1bO', [key('Alt-O')]],
    ['a sequence cut off', '\x1b[12', []],
  ])('takes %s for what it is when nothing follows', (_, bytes, events) => {
    expect(decode(bytes)).toEqual(events);
  });

  it('says that it waits until the pause is over', () => {
    const decoder = new InputDecoder();
    expect(decoder.push(bytesOf('\x1b'))).toEqual([]);
    expect(decoder.isPending).toBe(true);
    expect(decoder.flush()).toEqual([key('Escape')]);
    expect(decoder.isPending).toBe(false);
    expect(decoder.flush()).toEqual([]);
  });

  it.each([
    ['answers of the terminal', '\x1b[?1;2c'],
    ['unknown final bytes', '\x1b[12;5y'],
    ['unknown numbers', '\x1b[99~'],
    ['sequences longer than any key', `\x1b[${'1'.repeat(500)}A`],
    ['the end of a paste that never began', '\x1b[201~'],
    ['C1 controls told by code', '\x1b[155u'],
    ['lone surrogates told by code', '\x1b[55357u'],
  ])('drops %s and types nothing', (_, bytes) => {
    expect(decode(`${bytes}x`)).toEqual([text('x')]);
  });

  it.each([
    ['bytes that no character begins with', [0xff, 0xc0, 0x80]],
    ['characters that break off', [0xe2, 0x82]],
    ['C1 controls', [0xc2, 0x9b]],
    ['surrogates', [0xed, 0xa0, 0x80]],
  ])('drops %s', (_, bytes) => {
    expect(joined(new InputDecoder().push(Uint8Array.from([...bytes, 0x61])))).toEqual([text('a')]);
  });

  it('begins anew at an ESC inside a sequence', () => {
    expect(decode('\x1b[1\x1b[A')).toEqual([key('Up')]);
  });

  it('gives a bracketed paste as text with line feeds and tabs', () => {
    expect(decode('a\x1b[200~one\r\ntwo\rthree\n\tx\x1b[201~b')).toEqual([
      text('a'),
      paste('one\ntwo\nthree\n\tx'),
      text('b'),
    ]);
  });

  it('takes nothing in a paste for a key', () => {
    expect(decode('\x1b[200~a\x03\x1b[A\x1b[201\x1bOP\x07é\x1b[201~\r')).toEqual([paste('a[A[201OPé'), key('Enter')]);
  });

  it('gives the same events however the bytes are cut', () => {
    const piece = fc.oneof(
      fc.constantFrom(...CHORDS.map(([bytes]) => bytesOf(bytes))),
      fc.string({ unit: 'grapheme', maxLength: 6 }).map(bytesOf),
      fc.constantFrom('\x1b[200~', '\x1b[201~', '\r\n', '\x1b').map(bytesOf),
      fc.uint8Array({ maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.array(fc.nat(60), { maxLength: 8 }), (pieces, cuts) => {
        const bytes = Buffer.concat(pieces);
        const whole = new InputDecoder();
        const parts = new InputDecoder();
        const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const inParts = places.slice(1).flatMap((place, index) => parts.push(bytes.subarray(places[index], place)));
        expect(joined([...inParts, ...parts.flush()])).toEqual(joined([...whole.push(bytes), ...whole.flush()]));
      }),
      { numRuns: 500 },
    );
  });
});
