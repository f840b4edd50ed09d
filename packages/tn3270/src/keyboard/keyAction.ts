import { AID, type AidByte } from '../datastream/aid.ts';
import type { BufferAddress } from '../datastream/address.ts';
import type { Screen } from '../screen/screen.ts';
import { backTab, fieldEnd, home, newline, nextWord, previousWord, stepBy, tab } from './cursor.ts';
import { deleteCharacter, deleteField, deleteWord, eraseCharacter, eraseToEndOfField } from './edit.ts';
import type { Key } from './key.ts';
import type { EditOutcome } from './outcome.ts';
import { type TypingRules, typeDup, typeFieldMark } from './typing.ts';

/**
 * What a key does. Keys that `forgive` lift an operator error by being pressed; the others need Reset first.
 */
export type KeyAction =
  | { readonly kind: 'aid'; readonly aid: AidByte }
  | { readonly kind: 'move'; readonly forgives: boolean; readonly target: (screen: Screen) => BufferAddress | null }
  | {
      readonly kind: 'edit';
      readonly forgives: boolean;
      readonly edit: (screen: Screen, rules: TypingRules) => EditOutcome;
    }
  | { readonly kind: 'eraseInput' | 'cursorSelect' | 'insert' | 'reset' | 'attn' | 'sysReq' | 'interrupt' };

/** Every key of the keyboard. */
export const KEY_ACTIONS = {
  Enter: aid(AID.Enter),
  Clear: aid(AID.Clear),
  PA1: aid(AID.PA1),
  PA2: aid(AID.PA2),
  PA3: aid(AID.PA3),
  PF1: aid(AID.PF1),
  PF2: aid(AID.PF2),
  PF3: aid(AID.PF3),
  PF4: aid(AID.PF4),
  PF5: aid(AID.PF5),
  PF6: aid(AID.PF6),
  PF7: aid(AID.PF7),
  PF8: aid(AID.PF8),
  PF9: aid(AID.PF9),
  PF10: aid(AID.PF10),
  PF11: aid(AID.PF11),
  PF12: aid(AID.PF12),
  PF13: aid(AID.PF13),
  PF14: aid(AID.PF14),
  PF15: aid(AID.PF15),
  PF16: aid(AID.PF16),
  PF17: aid(AID.PF17),
  PF18: aid(AID.PF18),
  PF19: aid(AID.PF19),
  PF20: aid(AID.PF20),
  PF21: aid(AID.PF21),
  PF22: aid(AID.PF22),
  PF23: aid(AID.PF23),
  PF24: aid(AID.PF24),
  Tab: { kind: 'move', forgives: true, target: tab },
  BackTab: { kind: 'move', forgives: true, target: backTab },
  Newline: { kind: 'move', forgives: false, target: newline },
  Home: { kind: 'move', forgives: true, target: home },
  FieldEnd: { kind: 'move', forgives: true, target: fieldEnd },
  Left: { kind: 'move', forgives: true, target: (screen) => stepBy(screen, -1) },
  Right: { kind: 'move', forgives: true, target: (screen) => stepBy(screen, 1) },
  Up: { kind: 'move', forgives: true, target: (screen) => stepBy(screen, -screen.columns) },
  Down: { kind: 'move', forgives: true, target: (screen) => stepBy(screen, screen.columns) },
  Left2: { kind: 'move', forgives: true, target: (screen) => stepBy(screen, -2) },
  Right2: { kind: 'move', forgives: true, target: (screen) => stepBy(screen, 2) },
  PreviousWord: { kind: 'move', forgives: false, target: previousWord },
  NextWord: { kind: 'move', forgives: false, target: nextWord },
  Delete: edit(false, deleteCharacter),
  DeleteField: edit(true, deleteField),
  DeleteWord: edit(true, deleteWord),
  Backspace: { kind: 'move', forgives: false, target: (screen) => stepBy(screen, -1) },
  Erase: edit(false, eraseCharacter),
  EraseEOF: edit(true, eraseToEndOfField),
  EraseInput: { kind: 'eraseInput' },
  Insert: { kind: 'insert' },
  Reset: { kind: 'reset' },
  Dup: { kind: 'edit', forgives: false, edit: typeDup },
  FieldMark: { kind: 'edit', forgives: false, edit: typeFieldMark },
  Attn: { kind: 'attn' },
  SysReq: { kind: 'sysReq' },
  Interrupt: { kind: 'interrupt' },
  CursorSelect: { kind: 'cursorSelect' },
} as const satisfies Record<Key, KeyAction>;

function aid(code: AidByte): KeyAction {
  return { kind: 'aid', aid: code };
}

function edit(forgives: boolean, change: (screen: Screen, charsetsReported: boolean) => EditOutcome): KeyAction {
  return { kind: 'edit', forgives, edit: (screen, rules) => change(screen, rules.charsetsReported) };
}
