import { codePage, Screen } from '@roundhouse/tn3270';
import { describe, expect, it } from 'vitest';
import { createFrame, type Frame } from './frame.ts';
import { UNDRAWABLE } from './glyph.ts';
import { ebcdic, ERASE_WRITE, RESTORE, ScriptedHost } from './host.fixture.ts';
import { backdrop, drawScreen } from './render.ts';
import { BLINK, BOLD, inColor, PLAIN, REVERSE, type Style, UNDERSCORE } from './style.ts';

const BLACK = 0xf0;
const page = codePage('037');

function drawn(screen: Screen, color = true, part: Partial<Parameters<typeof drawScreen>[4]> = {}): Frame {
  const view = { top: 0, left: 0, rows: screen.rows, columns: screen.columns, ...part };
  const frame = createFrame({ rows: view.rows, columns: view.columns }, PLAIN);
  drawScreen(frame, screen, page, color, view);
  return frame;
}

/** The screen after an Erase/Write of these orders and text. */
async function screenAfter(orders: string): Promise<Screen> {
  await using host = new ScriptedHost();
  await host.negotiate();
  await host.sendRecord(ERASE_WRITE, RESTORE, orders.replaceAll(' ', ''));
  return host.session.screen;
}

async function draw(orders: string, color = true): Promise<{ text: string; styles: Style[] }> {
  const frame = drawn(await screenAfter(orders), color);
  return { text: frame.glyphs.slice(0, 80).join(''), styles: Array.from(frame.styles.slice(0, 80)) };
}

describe('a 3279', () => {
  /** SF with an attribute, then "A". GA23-0059-07 §4.4.1; base colours as on the reference. */
  it.each([
    ['unprotected normal green', '40', inColor(0xf4, BLACK)],
    ['unprotected intensified red', 'c8', inColor(0xf2, BLACK) | BOLD],
    ['protected normal blue', '60', inColor(0xf1, BLACK)],
    ['protected intensified white', 'e8', inColor(0xf7, BLACK) | BOLD],
  ])('shows %s', async (_, attribute, style) => {
    const { text, styles } = await draw(`1d${attribute} c1`);
    expect(text.slice(0, 3)).toBe(' A ');
    expect(styles.slice(0, 2)).toEqual([backdrop(true), style]);
  });

  it.each([
    ['colour of the field', '2902c06042f3 c1', inColor(0xf3, BLACK)],
    ['colour of the character', '2902c06042f3 2842f6 c1', inColor(0xf6, BLACK)],
    ['background', '2903c06042f345f2 c1', inColor(0xf3, 0xf2)],
    ['background without a colour', '2902c06045f2 c1', inColor(0xf1, 0xf2)],
    ['blink', '2902c06041f1 c1', inColor(0xf1, BLACK) | BLINK],
    ['reverse', '2902c06041f2 c1', inColor(0xf1, BLACK) | REVERSE],
    ['underscore', '2902c06041f4 c1', inColor(0xf1, BLACK) | UNDERSCORE],
    ['intensified character', '2902c06042f1 2841f8 c1', inColor(0xf1, BLACK) | BOLD],
    ['highlighting of the character', '2902c06041f4 2841f2 c1', inColor(0xf1, BLACK) | REVERSE],
    ['last of the sixteen colours', '2902c06042ff c1', inColor(0xff, BLACK)],
  ])('shows the %s', async (_, orders, style) => {
    expect((await draw(orders)).styles[1]).toBe(style);
  });

  it('shows an unformatted screen as unprotected', async () => {
    expect((await draw('c1')).styles[0]).toBe(inColor(0xf4, BLACK));
  });

  it('takes the field of the first cells from the end of the screen', async () => {
    // SBA to the last position, a protected field there.
    expect((await draw('c1 115d7f 1d60')).styles[0]).toBe(inColor(0xf1, BLACK));
  });
});

it('a 3278 has no colours', async () => {
  expect((await draw('2903c0e842f341f4 c1', false)).styles.slice(0, 2)).toEqual([PLAIN, BOLD | UNDERSCORE]);
});

it('field attributes, NUL and nondisplay fields are blank; DUP and Field Mark show', async () => {
  const { text } = await draw(`1d60 ${ebcdic('PW')} 1d4c ${ebcdic('SECRET')} 1d60 00 1c 1e`);
  expect(text.slice(0, 14)).toBe(' PW         *;');
});

it('nothing of a nondisplay field is in the frame, whatever its characters look like', async () => {
  // Reverse, red, underscored characters, and one by graphic escape.
  const { text, styles } = await draw(`2902c04c41f4 2841f2 2842f2 ${ebcdic('SECRET')} 08a2 1d60`);
  expect(text.trim()).toBe('');
  expect(new Set(styles.slice(0, 8))).toEqual(new Set([backdrop(true)]));
});

it('line drawing and APL characters come by graphic escape and by character set', async () => {
  const { text } = await draw('1d60 08c5 08a2 08d5 0885 2843f1 b2');
  expect(text.slice(1, 6)).toBe('┌─┐│⍳');
});

describe('NVT characters', () => {
  const screenWith = (text: string): Screen => {
    const screen = new Screen({ rows: 1, columns: 4 });
    [...text].forEach((character, at) => screen.setUnicode(at, character.codePointAt(0) as number, 0));
    return screen;
  };

  it('are shown as they are', () => {
    expect(drawn(screenWith('aж')).glyphs).toEqual(['a', 'ж', ' ', ' ']);
  });

  it('that are wide take the blank to their right', () => {
    expect(drawn(screenWith('中 x')).glyphs).toEqual(['中', '', 'x', ' ']);
  });

  it('that are wide and have no room are replaced', () => {
    expect(drawn(screenWith('한x')).glyphs).toEqual([UNDRAWABLE, 'x', ' ', ' ']);
    expect(drawn(screenWith('中 '), true, { columns: 1 }).glyphs).toEqual([UNDRAWABLE]);
  });
});

it('a part of the screen is drawn at the top left', () => {
  const screen = new Screen({ rows: 3, columns: 3 });
  [0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9].forEach((code, at) => (screen.cells[at] = code));
  screen.changed(true);
  expect(drawn(screen, true, { top: 1, left: 1, rows: 2, columns: 2 }).glyphs).toEqual(['E', 'F', 'H', 'I']);
});
