import { KEYS } from '@roundhouse/tn3270';
import { describe, expect, it } from 'vitest';
import { actionOf, KEYMAP, keymapLines, nvtText } from './keymap.ts';

const chords = KEYMAP.flatMap(({ actions }) => Object.keys(actions));
const reached = new Set(KEYMAP.flatMap(({ actions }) => Object.values(actions)));

describe('the keymap', () => {
  it('reaches every key of the 3270 keyboard', () => {
    // Backspace only moves, as Left does; Insert is reached through the key that also turns it off.
    expect(KEYS.filter((key) => !reached.has(key))).toEqual(['Backspace', 'Insert']);
  });

  it('has each chord once', () => {
    expect(chords.length).toBe(new Set(chords).size);
  });

  it.each([
    ['Shift-F1', 'PF13'],
    ['Alt-F12', 'PF24'],
    ['F24', 'PF24'],
    ['PageUp', 'PF7'],
    ['Alt-3', 'PA3'],
    ['Ctrl-]', 'Menu'],
    ['Ctrl-Q', undefined],
  ])('takes %s for %s', (chord, action) => {
    expect(actionOf(chord)).toBe(action);
  });

  it('is shown in lines that fit a narrow window', () => {
    expect(keymapLines()).toHaveLength(KEYMAP.length);
    expect(Math.max(...keymapLines().map((line) => line.length))).toBeLessThanOrEqual(56);
  });

  it.each([
    ['Ctrl-C', '\x03'],
    ['Ctrl-]', '\x1d'],
    ['Ctrl-Space', '\0'],
    ['Alt-x', '\x1bx'],
    ['Escape', '\x1b'],
    ['PageUp', '\x1b[5~'],
    ['Enter', undefined],
    ['F1', undefined],
    ['Up', undefined],
    ['Ctrl-Left', undefined],
  ])('sends %s to a character terminal as %j', (chord, text) => {
    expect(nvtText(chord)).toBe(text);
  });
});
