import type { Scope } from '@roundhouse/core';
import { type Cell, type InputAction, isNondisplay, NO_FIELD, type Screen } from '@roundhouse/tn3270';
import type { NavigationAction, SecretReference } from './script.ts';
import { addressOf } from './signature.ts';

/** Fetches the text of a secret by its name; the text is typed and forgotten. Rejects when there is none. */
export type SecretSource = (name: string, scope: Scope) => Promise<string>;

/** The secret that an action types, if any. */
export function secretOf(action: NavigationAction): SecretReference | undefined {
  const input = action.type === 'text' ? action.text : action.type === 'field' ? action.value : undefined;
  return typeof input === 'object' ? input : undefined;
}

/** The action with the text of its secret, as a session takes it. */
export function withSecret(action: NavigationAction, texts: ReadonlyMap<string, string>): InputAction {
  const reveal = (input: string | SecretReference): string =>
    typeof input === 'string' ? input : (texts.get(input.secret) ?? '');
  if (action.type === 'text') return { type: 'text', text: reveal(action.text) };
  if (action.type === 'field') return { ...action, value: reveal(action.value) };
  return action;
}

/** Cells from where an action types to the end of its field; 0 unless that is nondisplay. */
export function hiddenRoom(screen: Screen, action: NavigationAction): number {
  const place = action.type === 'field' ? addressOf(action, screen) : screen.cursor;
  const field = place === undefined ? NO_FIELD : screen.fieldAt(place);
  if (field === NO_FIELD) return 0;
  if (!isNondisplay(screen.attributeAt(field))) return 0;
  // A field is filled from its beginning, a text from the cursor; on the attribute itself nothing can be typed.
  const start = action.type === 'field' ? screen.next(field) : screen.cursor;
  let room = 0;
  for (let at = start; (screen.cells[at] as Cell) >= 0; at = screen.next(at)) room++;
  return room;
}
