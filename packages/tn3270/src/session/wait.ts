import type { CodePage } from '../codepage/codePage.ts';
import { isNondisplay } from '../datastream/attribute.ts';
import { type Cell, CELL_CHARSET, CHAR_MASK, charsetOf } from '../screen/cell.ts';
import type { Screen } from '../screen/screen.ts';
import type { Session, WaitCondition } from './session.ts';

/** Whether a condition holds now. `since` is the version of the screen at the call, for `change`. */
export function holds(condition: WaitCondition, session: Session, since: number): boolean {
  const { screen } = session;
  switch (condition.for) {
    case 'unlocked':
      return !session.keyboardLocked && session.connectionState.startsWith('connected-');
    case 'cursor':
      return screen.cursor === addressOf(screen, condition.row, condition.column);
    case 'change':
      return screen.version > (condition.after ?? since);
    case 'text':
      return showsText(session, condition);
  }
}

/** Buffer address of a row and column counted from 1, or undefined outside the screen. */
export function addressOf(screen: Screen, row: number, column: number): number | undefined {
  if (row < 1 || column < 1 || row > screen.rows || column > screen.columns) return undefined;
  return (row - 1) * screen.columns + column - 1;
}

function showsText(session: Session, { text, row, column }: Extract<WaitCondition, { for: 'text' }>): boolean {
  const { screen, codePage } = session;
  if (row !== undefined && column !== undefined) {
    const address = addressOf(screen, row, column);
    return address !== undefined && textFrom(screen, codePage, address, [...text].length) === text;
  }
  const first = row === undefined ? 1 : row;
  const last = row === undefined ? screen.rows : Math.min(row, screen.rows);
  for (let at = first; at <= last; at++) {
    const line = textFrom(screen, codePage, (at - 1) * screen.columns, screen.columns);
    if (column === undefined ? line.includes(text) : line.startsWith(text, column - 1)) return true;
  }
  return false;
}

/** What a person sees in `length` cells from `address`: nothing of nondisplay fields. */
function textFrom(screen: Screen, codePage: CodePage, address: number, length: number): string {
  const { cells } = screen;
  let text = '';
  for (let at = address; at < Math.min(address + length, screen.size); at++) {
    const cell = cells[at] as Cell;
    const hidden = cell < 0 || isNondisplay(screen.attributeAt(at));
    const nvt = screen.unicodeAt(at);
    const isBase = charsetOf(cell) === CELL_CHARSET.Base;
    const codePoint = hidden ? 0 : nvt !== 0 ? nvt : isBase ? codePage.toUnicode(cell & CHAR_MASK) : 0;
    text += codePoint === 0 ? ' ' : String.fromCodePoint(codePoint);
  }
  return text;
}
