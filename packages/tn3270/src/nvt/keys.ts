import type { Key } from '../keyboard/key.ts';

const CSI = '\x1b[';
const SS3 = '\x1bO';

/** Final bytes of the keys that send CSI, or SS3 in application cursor mode (DEC STD 070, DECCKM). */
const CURSOR_KEYS: Readonly<Partial<Record<Key, string>>> = {
  Up: 'A',
  Down: 'B',
  Right: 'C',
  Left: 'D',
  Home: 'H',
  FieldEnd: 'F',
};

/**
 * Numbers of PF5 to PF24 as `CSI n ~`: F5 to F12 of the VT220, F13 to F20 of xterm; the last four continue the series,
 * as the reference emulator does.
 */
const FUNCTION_KEY_NUMBERS = [15, 17, 18, 19, 20, 21, 23, 24, 25, 26, 28, 29, 31, 32, 33, 34, 35, 36, 37, 38];
const FIRST_NUMBERED = 5;

const FIXED_KEYS: Readonly<Partial<Record<Key, string>>> = {
  PA1: `${SS3}P`,
  PA2: `${SS3}Q`,
  PA3: `${SS3}R`,
  PF1: `${SS3}P`,
  PF2: `${SS3}Q`,
  PF3: `${SS3}R`,
  PF4: `${SS3}S`,
  ...Object.fromEntries(FUNCTION_KEY_NUMBERS.map((n, index) => [`PF${index + FIRST_NUMBERED}`, `${CSI}${n}~`])),
  Clear: `${CSI}2K`,
  Tab: '\t',
  Newline: '\n',
  Delete: '\x7f',
  Backspace: '\b',
  Erase: '\b',
  DeleteWord: '\x17',
  DeleteField: '\x15',
};

/** What a key sends in NVT mode, or undefined when it has no meaning there. Enter is not in the table. */
export function keySequence(key: Key, applicationCursorKeys: boolean): string | undefined {
  const final = CURSOR_KEYS[key];
  if (final !== undefined) return (applicationCursorKeys ? SS3 : CSI) + final;
  return FIXED_KEYS[key];
}
