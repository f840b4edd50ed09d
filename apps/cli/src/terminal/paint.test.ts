import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFrame, type Frame } from './frame.ts';
import { paint } from './paint.ts';
import { BLINK, BOLD, inColor, PLAIN, REVERSE, UNDERSCORE } from './style.ts';
import { VtModel } from './vt.fixture.ts';

const STYLES: ReadonlyArray<readonly [style: number, sgr16: string]> = [
  [PLAIN, ''],
  [BOLD, '1'],
  [REVERSE | UNDERSCORE, '4;7'],
  [inColor(0xf4, 0xf0), '32;40'],
  [inColor(0xf2, 0xf1) | BLINK, '5;91;104'],
];

const SIZE = { rows: 4, columns: 9 };

/** Few glyphs and styles, so that many cells are alike from frame to frame. */
const frames: fc.Arbitrary<Frame> = fc
  .record({
    cells: fc.array(fc.tuple(fc.constantFrom('a', 'b', ' ', 'é', '─', '中', ' \u0e31'), fc.nat(STYLES.length - 1)), {
      minLength: SIZE.rows * SIZE.columns,
      maxLength: SIZE.rows * SIZE.columns,
    }),
    cursor: fc.option(fc.record({ row: fc.nat(SIZE.rows - 1), column: fc.nat(SIZE.columns - 1) })),
  })
  .map(({ cells, cursor }) => {
    const frame = createFrame(SIZE, PLAIN);
    for (let at = 0; at < cells.length; at++) {
      const [glyph, style] = cells[at] as [string, number];
      const isLast = (at + 1) % SIZE.columns === 0;
      frame.styles[at] = (STYLES[style] as (typeof STYLES)[number])[0];
      frame.glyphs[at] = glyph === '中' && isLast ? 'x' : glyph;
      if (glyph === '中' && !isLast) {
        frame.glyphs[at + 1] = '';
        frame.styles[at + 1] = frame.styles[at] as number;
        at++;
      }
    }
    frame.cursor = cursor;
    return frame;
  });

function expectShown(vt: VtModel, frame: Frame): void {
  const sgr = new Map(STYLES);
  const cells = Array.from(frame.glyphs, (glyph, at) => ({ glyph, style: sgr.get(frame.styles[at] as number) }));
  expect(vt.rows.flat()).toEqual(cells);
  expect(vt.cursorVisible).toBe(frame.cursor !== null);
  if (frame.cursor !== null) expect(vt.cursor).toEqual(frame.cursor);
}

function frameOf(text: string, style = PLAIN): Frame {
  const frame = createFrame({ rows: 1, columns: text.length }, style);
  frame.glyphs.splice(0, text.length, ...text);
  frame.cursor = { row: 0, column: 0 };
  return frame;
}

describe('paint', () => {
  it('makes the terminal show each frame of a row of frames', () => {
    fc.assert(
      fc.property(fc.array(frames, { minLength: 1, maxLength: 4 }), (row) => {
        const vt = new VtModel(SIZE);
        let previous: Frame | undefined;
        for (const frame of row) {
          vt.write(paint(previous, frame, '16'));
          expectShown(vt, frame);
          previous = frame;
        }
      }),
      { numRuns: 300 },
    );
  });

  it('sends nothing when nothing differs', () => {
    const frame = frameOf('abc');
    expect(paint(frame, frameOf('abc'), '256')).toBe('');
  });

  it('sends only what differs', () => {
    expect(paint(frameOf('0123456789'), frameOf('012345678X'), 'none')).toContain('\x1b[1;10H\x1b[0mX\x1b[0m');
  });

  it('writes a short gap again instead of moving over it', () => {
    expect(paint(frameOf('0123456789'), frameOf('X123Y56789'), 'none')).toContain('X123Y');
  });

  it('moves the cursor alone without painting or hiding it', () => {
    const moved = frameOf('abc');
    moved.cursor = { row: 0, column: 2 };
    expect(paint(frameOf('abc'), moved, '256')).toBe('\x1b[?2026h\x1b[1;3H\x1b[?25h\x1b[?2026l');
  });

  it('begins anew when the size has changed', () => {
    expect(paint(frameOf('ab'), frameOf('abc'), 'none')).toContain('\x1b[2J');
  });

  it.each([
    ['none', '\x1b[0;1m'],
    ['16', '\x1b[0;1;91;40m'],
    ['256', '\x1b[0;1;38;5;203;48;5;16m'],
  ] as const)('selects colours from a palette of %s', (palette, sgr) => {
    expect(paint(undefined, frameOf('a', inColor(0xf2, 0xf0) | BOLD), palette)).toContain(`${sgr}a`);
  });
});
