import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { AID } from '../datastream/aid.ts';
import { ByteBuffer } from '../datastream/byteBuffer.ts';
import { FIELD_MODE } from '../datastream/replyMode.ts';
import { FIELD } from './cell.ts';
import { dumpScreen } from './dump.ts';
import { applyInbound } from './inbound.ts';
import { readModified } from './read.ts';
import { Screen } from './screen.ts';

const SIZE = { rows: 4, columns: 10 };

/** Fields at 0 (unprotected), 10 (protected) and 20 (unprotected, up to 0). */
function form(): Screen {
  const screen = new Screen(SIZE);
  screen.cells[0] = FIELD | 0xc0;
  screen.cells[10] = FIELD | 0xf0;
  screen.cells[20] = FIELD | 0xc1;
  screen.cells[21] = 0xc1;
  screen.changed(true);
  return screen;
}

function type(screen: Screen, address: number, codes: readonly number[]): void {
  codes.forEach((code, index) => {
    screen.cells[address + index] = code;
  });
  screen.setModified(address, true);
  screen.changed(false);
  screen.moveCursor((address + codes.length) % screen.size);
}

function sent(screen: Screen, aid: number = AID.Enter): Uint8Array {
  const out = new ByteBuffer();
  readModified(out, screen, aid as typeof AID.Enter, FIELD_MODE, false);
  return out.view();
}

const hex = (bytes: string): Uint8Array => Uint8Array.from(Buffer.from(bytes, 'hex'));
const code = fc.integer({ min: 0x40, max: 0xfe });

describe('a record of another terminal', () => {
  it('makes the screen what it was there: fields, tags, cursor', () => {
    fc.assert(
      fc.property(
        fc.array(code, { maxLength: 9 }),
        fc.array(code, { maxLength: 9 }),
        fc.boolean(),
        (first, second, clears) => {
          const there = form();
          const here = form();
          if (clears) there.setModified(20, false);
          type(there, 1, first);
          if (second.length > 0) {
            for (let at = 21; at < 40; at++) there.cells[at] = 0;
            type(there, 21, second);
          }
          const before = dumpScreen(there);
          applyInbound(here, sent(there));
          // A field whose tag is reset sends nothing.
          if (!clears || second.length > 0) expect(dumpScreen(here)).toEqual(before);
          expect(here.cursor).toBe(there.cursor);
        },
      ),
    );
  });

  it('of an unformatted screen leaves what was typed where it was typed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30 }), fc.array(code, { minLength: 1, maxLength: 9 }), (at, codes) => {
        const there = new Screen(SIZE);
        const here = new Screen(SIZE);
        type(there, at, codes);
        applyInbound(here, sent(there));
        expect(here.cells).toEqual(there.cells);
      }),
    );
  });

  it('of an unformatted screen keeps the prompt before the text', () => {
    const here = new Screen(SIZE);
    type(here, 0, [0xd9, 0xc5, 0xc1]);
    applyInbound(here, hex('7d40c9' + 'd9c5c1' + 'c1c2'));
    expect(dumpScreen(here)[0]).toBe('d9 c5 c1 00 00 00 00 c1 c2 00');
    expect(here.cursor).toBe(9);
  });

  it('of a cursor select names fields without their data', () => {
    const there = form();
    applyInbound(there, hex('7e40c5' + '1140d5'));
    expect(there.cells[21]).toBe(0xc1);
    expect(there.cells[20]).toBe((FIELD | 0xc1) >> 0);
  });

  it('never fails, whatever it holds', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, formatted) => {
        const screen = formatted ? form() : new Screen(SIZE);
        applyInbound(screen, bytes);
        expect(screen.cells.length).toBe(40);
        expect(screen.fieldStarts).toEqual(formatted ? [0, 10, 20] : []);
      }),
    );
  });
});
