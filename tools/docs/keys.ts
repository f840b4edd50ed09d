import type { Key } from '@roundhouse/tn3270';

/** What each key does, for the page; the compiler keeps it complete. */
export const KEY_MEANINGS = {
  Enter: 'Sends the modified fields to the host.',
  Clear: 'Erases the screen and tells the host; sends no fields.',
  PA1: 'Program attention 1: sends no fields.',
  PA2: 'Program attention 2: sends no fields.',
  PA3: 'Program attention 3: sends no fields.',
  ...programFunctions(),
  Tab: 'To the next input field.',
  BackTab: 'To the start of this input field, or of the one before.',
  Newline: 'To the first input position on the next row or below.',
  Home: 'To the first input field.',
  FieldEnd: 'Behind the last character of the field.',
  Left: 'One position left.',
  Right: 'One position right.',
  Up: 'One row up.',
  Down: 'One row down.',
  Left2: 'Two positions left.',
  Right2: 'Two positions right.',
  PreviousWord: 'To the word before in an input field.',
  NextWord: 'To the next word in an input field.',
  Delete: 'Deletes the character under the cursor.',
  DeleteField: 'Erases the field and goes to its start.',
  DeleteWord: 'Deletes the word before the cursor.',
  Backspace: 'One position left, as the key of a 3270 does; deletes nothing.',
  Erase: 'Deletes the character before the cursor.',
  EraseEOF: 'Erases from the cursor to the end of the field.',
  EraseInput: 'Erases all input fields and goes to the first; clears an unformatted screen.',
  Insert: 'Turns insert mode on, until Reset or a key that calls the host.',
  Reset: 'Drops what was typed ahead; else lifts an operator error and the wait for the host, and ends insert mode.',
  Dup: 'Types a duplicate mark and goes to the next input field.',
  FieldMark: 'Types a field mark.',
  Attn: 'Asks the host for attention: Interrupt Process on TN3270E, PA1 and Break on classic TN3270.',
  SysReq: 'System request: Abort Output on TN3270E, the SysReq AID on classic TN3270.',
  Interrupt: 'Sends the telnet command Interrupt Process.',
  CursorSelect: 'Selects the field under the cursor, as a light pen does.',
} as const satisfies Record<Key, string>;

type ProgramFunction = Extract<Key, `PF${number}`>;

function programFunctions(): Record<ProgramFunction, string> {
  const entries = Array.from({ length: 24 }, (_, index) => {
    const number = index + 1;
    return [`PF${number}`, `Program function ${number}: sends the modified fields.`] as const;
  });
  return Object.fromEntries(entries) as Record<ProgramFunction, string>;
}
