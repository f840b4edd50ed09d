import { describe, expect, it } from 'vitest';
import { createFrame, type Frame, putText } from './frame.ts';
import { UNDRAWABLE } from './glyph.ts';
import { BOLD, PLAIN } from './style.ts';

function wideFrame(): Frame {
  const frame = createFrame({ rows: 1, columns: 6 }, PLAIN);
  frame.glyphs.splice(0, 6, '中', '', '中', '', '中', '');
  return frame;
}

describe('putText', () => {
  it('leaves no half of a wide glyph', () => {
    const frame = wideFrame();
    putText(frame, { row: 0, column: 1 }, 'ab', BOLD);
    expect(frame.glyphs).toEqual([' ', 'a', 'b', ' ', '中', '']);
    expect([...frame.styles]).toEqual([PLAIN, BOLD, BOLD, PLAIN, PLAIN, PLAIN]);
  });

  it.each([
    ['at the edge', 4, undefined, ['中', '', '中', '', 'a', 'b']],
    ['after so many cells', 0, 2, ['a', 'b', '中', '', '中', '']],
    ['outside', 6, undefined, ['中', '', '中', '', '中', '']],
  ])('cuts the text off %s', (_, column, columns, glyphs) => {
    const frame = wideFrame();
    putText(frame, { row: 0, column }, 'abcdefgh'.slice(0, 3), PLAIN, columns);
    expect(frame.glyphs).toEqual(glyphs);
  });

  it('writes nothing that steers a terminal', () => {
    const frame = createFrame({ rows: 1, columns: 3 }, PLAIN);
    putText(frame, { row: 0, column: 0 }, '\x1b中a', PLAIN);
    expect(frame.glyphs).toEqual([UNDRAWABLE, UNDRAWABLE, 'a']);
  });
});
