import type { BufferAddress } from '../datastream/address.ts';
import { isProtected } from '../datastream/attribute.ts';
import { type Cell, charOf, isField } from '../screen/cell.ts';
import type { Screen } from '../screen/screen.ts';

/**
 * Where the cursor keys lead: functions of screen and cursor that change nothing. A result of null means that the key
 * has no meaning on an unformatted buffer.
 */

const NUL = 0x00;
const SPACE = 0x40;

/** Whether `cell` holds a null or a space. An attribute byte is at least C0 and never taken for either. */
export function isBlank(cell: Cell): boolean {
  const code = charOf(cell);
  return code === NUL || code === SPACE;
}

/** Whether the operator may type at `address`. */
export function isInput(screen: Screen, address: BufferAddress): boolean {
  return !isField(screen.cells[address] as Cell) && !isProtected(screen.attributeAt(address));
}

export function stepBy(screen: Screen, distance: number): BufferAddress {
  return (screen.cursor + distance + screen.size) % screen.size;
}

export function tab(screen: Screen): BufferAddress {
  return screen.nextUnprotected(screen.cursor);
}

/** Start of this field, or of the input field before when the cursor is at the start of one; 0 when there is none. */
export function backTab(screen: Screen): BufferAddress {
  const { cells } = screen;
  let at = screen.previous(screen.cursor);
  if (isField(cells[at] as Cell)) at = screen.previous(at);
  const from = at;
  do {
    const first = screen.next(at);
    if (isField(cells[at] as Cell) && isInput(screen, first)) return first;
    at = screen.previous(at);
  } while (at !== from);
  return 0;
}

export function home(screen: Screen): BufferAddress {
  return screen.formatted ? screen.nextUnprotected(screen.size - 1) : 0;
}

/** First input position on the next row or below. */
export function newline(screen: Screen): BufferAddress {
  const { columns, cursor, size } = screen;
  const rowStart = ((Math.floor(cursor / columns) + 1) * columns) % size;
  return isInput(screen, rowStart) ? rowStart : screen.nextUnprotected(rowStart);
}

/** The place after the last character of the field, or that character when the field is full. */
export function fieldEnd(screen: Screen): BufferAddress | null {
  if (!screen.formatted) return null;
  if (!isInput(screen, screen.cursor)) return screen.cursor;
  const { cells } = screen;
  const first = screen.next(screen.fieldAt(screen.cursor));
  let end = first;
  for (let at = first; !isField(cells[at] as Cell); at = screen.next(at)) {
    if (isBlank(cells[at] as Cell)) continue;
    const after = screen.next(at);
    end = isField(cells[after] as Cell) ? at : after;
  }
  return end;
}

/** Start of the word before the one that the cursor is in, in any input field. */
export function previousWord(screen: Screen): BufferAddress | null {
  if (!screen.formatted) return null;
  const { cells, cursor } = screen;
  let at = cursor;
  if (isInput(screen, at)) while (isWordCharacter(cells[at] as Cell)) at = screen.previous(at);
  const from = at;
  while (!isInput(screen, at) || isBlank(cells[at] as Cell)) {
    at = screen.previous(at);
    if (at === from) return cursor;
  }
  while (isWordCharacter(cells[screen.previous(at)] as Cell)) at = screen.previous(at);
  return at;
}

/**
 * Start of the next word in this field if there is one; else the place after the present word, be it an attribute; else
 * the next word in an input field. The cursor stays when there is none.
 */
export function nextWord(screen: Screen): BufferAddress | null {
  if (!screen.formatted) return null;
  const { cells, cursor } = screen;
  if (!isInput(screen, cursor)) return wordFrom(screen, cursor);
  let end = cursor;
  while (isWordCharacter(cells[end] as Cell)) end = screen.next(end);
  let at = end;
  while (!isField(cells[at] as Cell) && isBlank(cells[at] as Cell)) at = screen.next(at);
  if (!isField(cells[at] as Cell)) return at;
  return end === cursor ? wordFrom(screen, end) : end;
}

function wordFrom(screen: Screen, address: BufferAddress): BufferAddress {
  let at = address;
  do {
    if (isInput(screen, at) && !isBlank(screen.cells[at] as Cell)) return at;
    at = screen.next(at);
  } while (at !== address);
  return screen.cursor;
}

function isWordCharacter(cell: Cell): boolean {
  return !isField(cell) && !isBlank(cell);
}
