import type { Key } from '@roundhouse/tn3270';

/** What a key of the user's keyboard does beside pressing one of the 3270 keyboard. */
type TerminalCommand = 'ToggleInsert' | 'Redraw' | 'Menu' | 'Prefix';

export type KeyAction = Key | TerminalCommand;

/** One row of the keymap: keys that belong together, how help shows them, and what each chord does. */
export interface KeymapRow {
  readonly keys: string;
  readonly meaning: string;
  readonly actions: Readonly<Record<string, KeyAction>>;
}

/** Names of chords are those of the input decoder. After the prefix (Esc or Ctrl-A) a key counts as with Alt. */
export const KEYMAP: readonly KeymapRow[] = [
  row('Enter', 'Enter', { Enter: 'Enter' }),
  row('F1-F12', 'PF1-PF12', functionKeys('F', 1, 12, 0)),
  row('Shift-F1-F12, Esc F1-F12', 'PF13-PF24', {
    ...functionKeys('Shift-F', 1, 12, 12),
    ...functionKeys('Alt-F', 1, 12, 12),
    ...functionKeys('F', 13, 24, 0),
  }),
  row('Alt-1 Alt-2 Alt-3', 'PA1 PA2 PA3', { 'Alt-1': 'PA1', 'Alt-2': 'PA2', 'Alt-3': 'PA3' }),
  row('PgUp PgDn', 'PF7 PF8', { PageUp: 'PF7', PageDown: 'PF8' }),
  row('Ctrl-C, Alt-c', 'Clear', { 'Ctrl-C': 'Clear', 'Alt-c': 'Clear' }),
  row('Ctrl-R, Alt-r', 'Reset', { 'Ctrl-R': 'Reset', 'Alt-r': 'Reset' }),
  row('Alt-a', 'Attn', { 'Alt-a': 'Attn' }),
  row('Alt-s', 'SysReq', { 'Alt-s': 'SysReq' }),
  row('Alt-x', 'Interrupt', { 'Alt-x': 'Interrupt' }),
  row('Tab, Shift-Tab', 'next, previous field', { Tab: 'Tab', 'Shift-Tab': 'BackTab', 'Alt-Tab': 'BackTab' }),
  row('Ctrl-J', 'Newline', { 'Ctrl-J': 'Newline' }),
  row('Home, End', 'first field, end of field', { Home: 'Home', End: 'FieldEnd' }),
  row('Arrows', 'move by one', { Left: 'Left', Right: 'Right', Up: 'Up', Down: 'Down' }),
  row('Alt-Left, Alt-Right', 'move by two', { 'Alt-Left': 'Left2', 'Alt-Right': 'Right2' }),
  row('Ctrl-Left, Ctrl-Right', 'previous, next word', {
    'Ctrl-Left': 'PreviousWord',
    'Ctrl-Right': 'NextWord',
    'Alt-b': 'PreviousWord',
    'Alt-f': 'NextWord',
  }),
  row('Backspace', 'erase to the left', { Backspace: 'Erase', 'Ctrl-H': 'Erase' }),
  row('Delete', 'delete', { Delete: 'Delete' }),
  row('Insert, Alt-i', 'insert mode', { Insert: 'ToggleInsert', 'Alt-i': 'ToggleInsert' }),
  row('Ctrl-W', 'DeleteWord', { 'Ctrl-W': 'DeleteWord', 'Alt-Backspace': 'DeleteWord' }),
  row('Ctrl-U', 'DeleteField', { 'Ctrl-U': 'DeleteField' }),
  row('Ctrl-K, Ctrl-End', 'EraseEOF', { 'Ctrl-K': 'EraseEOF', 'Ctrl-End': 'EraseEOF' }),
  row('Alt-u', 'EraseInput', { 'Alt-u': 'EraseInput' }),
  row('Alt-d, Ctrl-D', 'Dup', { 'Alt-d': 'Dup', 'Ctrl-D': 'Dup' }),
  row('Alt-m, Ctrl-F', 'FieldMark', { 'Alt-m': 'FieldMark', 'Ctrl-F': 'FieldMark' }),
  row('Alt-p', 'CursorSelect', { 'Alt-p': 'CursorSelect' }),
  row('Ctrl-L, Alt-l', 'draw the screen again', { 'Ctrl-L': 'Redraw', 'Alt-l': 'Redraw' }),
  row('Esc, Ctrl-A', 'Alt for the next key', { Escape: 'Prefix', 'Ctrl-A': 'Prefix' }),
  row('Ctrl-]', 'menu: quit, help', { 'Ctrl-]': 'Menu' }),
];

const ACTIONS: ReadonlyMap<string, KeyAction> = new Map(KEYMAP.flatMap(({ actions }) => Object.entries(actions)));

export function actionOf(chord: string): KeyAction | undefined {
  return ACTIONS.get(chord);
}

/** Keys that a character terminal has and the NVT does not take from the 3270 keyboard, as xterm sends them. */
const NVT_KEYS: Readonly<Record<string, string>> = {
  Escape: '\x1b',
  'Ctrl-Space': '\0',
  'Shift-Tab': '\x1b[Z',
  Insert: '\x1b[2~',
  Delete: '\x1b[3~',
  PageUp: '\x1b[5~',
  PageDown: '\x1b[6~',
};

/** What a chord sends to a host in NVT mode as it is; undefined where the keymap says it. */
export function nvtText(chord: string): string | undefined {
  const control = /^Ctrl-([@-_])$/.exec(chord)?.[1];
  if (control !== undefined) return String.fromCharCode(control.charCodeAt(0) & 0x1f);
  const character = /^Alt-(.)$/su.exec(chord)?.[1];
  if (character !== undefined) return `\x1b${character}`;
  return NVT_KEYS[chord];
}

/** The keymap as lines of equal width, for help. */
export function keymapLines(): string[] {
  const width = Math.max(...KEYMAP.map(({ keys }) => keys.length));
  return KEYMAP.map(({ keys, meaning }) => `${keys.padEnd(width)}  ${meaning}`);
}

function row(keys: string, meaning: string, actions: KeymapRow['actions']): KeymapRow {
  return { keys, meaning, actions };
}

function functionKeys(prefix: string, first: number, last: number, shift: number): Record<string, KeyAction> {
  const numbers = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  return Object.fromEntries(numbers.map((number) => [`${prefix}${number}`, `PF${number + shift}` as KeyAction]));
}
