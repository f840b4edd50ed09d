import type { BufferAddress } from '../datastream/address.ts';
import { isProtected } from '../datastream/attribute.ts';
import { FORMAT_CONTROLS } from '../datastream/order.ts';
import {
  ATTRIBUTES_MASK,
  type Cell,
  CELL_CHARSET,
  CHARSET_MASK,
  CHARSET_SHIFT,
  charOf,
  charsetOf,
  isField,
} from '../screen/cell.ts';
import { NO_FIELD, type Screen } from '../screen/screen.ts';
import { isBlank, isInput } from './cursor.ts';
import type { EditOutcome } from './outcome.ts';

/**
 * Edits of the operator that remove characters, at the cursor. An erased cell keeps its colours and highlighting and
 * loses its character and charset, as in the reference.
 *
 * `charsetsReported`: the reply mode lets a read tell the host of charsets, so that they may change. Otherwise a cell
 * whose charset the host set keeps it.
 */

const SHIFT_OUT = FORMAT_CONTROLS.SO.code;
const SHIFT_IN = FORMAT_CONTROLS.SI.code;

const ERASE_MASK = ATTRIBUTES_MASK & ~(CHARSET_MASK << CHARSET_SHIFT);

/** Removes the character at the cursor and pulls the rest of the field left. */
export function deleteCharacter(screen: Screen, charsetsReported: boolean): EditOutcome {
  return deleteAt(screen, screen.cursor, charsetsReported);
}

/** Moves left and removes the character there; nothing happens at the start of a field. */
export function eraseCharacter(screen: Screen, charsetsReported: boolean): EditOutcome {
  const { cells, cursor } = screen;
  if (!isInput(screen, cursor)) return 'protected';
  let at = screen.previous(cursor);
  if (isField(cells[at] as Cell)) return 'ok';
  if (charOf(cells[at] as Cell) === SHIFT_IN) at = screen.previous(at);
  const outcome = deleteAt(screen, at, charsetsReported);
  if (outcome !== 'ok') return outcome;
  const before = screen.previous(at);
  const emptied = charOf(cells[before] as Cell) === SHIFT_OUT && charOf(cells[at] as Cell) === SHIFT_IN;
  if (emptied && deleteAt(screen, before, charsetsReported) === 'ok') at = before;
  screen.moveCursor(at);
  return 'ok';
}

/** Removes the blanks before the cursor and the word before them, up to what cannot be removed. */
export function deleteWord(screen: Screen, charsetsReported: boolean): EditOutcome {
  if (!screen.formatted) return 'unavailable';
  if (!isInput(screen, screen.cursor)) return 'protected';
  let removed = false;
  for (const blanks of [true, false]) {
    for (;;) {
      const before = screen.cells[screen.previous(screen.cursor)] as Cell;
      if (isField(before)) return 'ok';
      if (isBlank(before) !== blanks) break;
      const outcome = eraseCharacter(screen, charsetsReported);
      if (outcome !== 'ok') return removed ? 'ok' : outcome;
      removed = true;
    }
  }
  return 'ok';
}

/** Empties the field and goes to its start. */
export function deleteField(screen: Screen): EditOutcome {
  if (!screen.formatted) return 'unavailable';
  if (!isInput(screen, screen.cursor)) return 'protected';
  const field = screen.fieldAt(screen.cursor);
  screen.eraseField(field);
  screen.setModified(field, true);
  screen.moveCursor(screen.next(field));
  return 'ok';
}

/** Empties from the cursor to the end of the field, or of an unformatted buffer. */
export function eraseToEndOfField(screen: Screen, charsetsReported: boolean): EditOutcome {
  const { cells, cursor } = screen;
  if (!isInput(screen, cursor)) return 'protected';
  const last = lastOfField(screen, cursor);
  for (let at = cursor; ; at = screen.next(at)) {
    const drawnInNvt = screen.unicodeAt(at) !== 0;
    cells[at] = (cells[at] as Cell) & (charsetsReported || drawnInNvt ? ERASE_MASK : ATTRIBUTES_MASK);
    if (at === last) break;
  }
  screen.setModified(cursor, true);
  screen.changed(false);
  return 'ok';
}

/**
 * Empties every input field, resets its MDT and goes to the first one: the Erase Input key, and what the Erase All
 * Unprotected command does to the buffer. Clears an unformatted buffer.
 */
export function eraseInput(screen: Screen): void {
  if (!screen.formatted) {
    screen.clear();
    return;
  }
  let firstInput: BufferAddress | undefined;
  for (const field of screen.fieldStarts) {
    if (isProtected(screen.attributeAt(field))) continue;
    firstInput ??= screen.next(field);
    screen.setModified(field, false);
    screen.eraseField(field);
  }
  screen.moveCursor(firstInput ?? 0);
}

/** Last cell of the field that `address` lies in, or of the buffer when it is unformatted. */
export function lastOfField(screen: Screen, address: BufferAddress): BufferAddress {
  const field = screen.fieldAt(address);
  if (field === NO_FIELD) return screen.size - 1;
  return (field + screen.fieldLength(field)) % screen.size;
}

/** Whether the host gave the character a charset that a field-mode read could not report once it had moved. */
export function hasHostCharset(cell: Cell): boolean {
  const charset = charsetOf(cell);
  return charset === CELL_CHARSET.Apl || charset === CELL_CHARSET.Dbcs;
}

/** Puts another character of the base set into a cell that keeps its colours and highlighting. */
export function replaceCharacter(cell: Cell, code: number): Cell {
  return (cell & ERASE_MASK) | code;
}

function deleteAt(screen: Screen, address: BufferAddress, charsetsReported: boolean): EditOutcome {
  if (!isInput(screen, address)) return 'protected';
  const { cells, size } = screen;
  const count = isShift(cells[address] as Cell) ? 2 : 1;
  if (count === 2 && !isShiftPair(cells[address] as Cell, cells[screen.next(address)] as Cell)) return 'protected';
  const last = lastOfField(screen, address);
  if (!charsetsReported) {
    for (let at = address; at !== last; at = screen.next(at)) {
      if (hasHostCharset(cells[at] as Cell)) return 'unavailable';
    }
  }
  const length = ((last - address + size) % size) + 1;
  for (let offset = 0; offset < length; offset++) {
    const to = (address + offset) % size;
    const from = (to + count) % size;
    cells[to] = offset + count < length ? (cells[from] as Cell) : (cells[to] as Cell) & ERASE_MASK;
  }
  screen.setModified(address, true);
  screen.changed(false);
  return 'ok';
}

/** Shift Out and Shift In go together: one of them cannot be deleted unless the other stands right after it. */
function isShiftPair(one: Cell, other: Cell): boolean {
  return isShift(one) && isShift(other) && charOf(one) !== charOf(other);
}

function isShift(cell: Cell): boolean {
  return charOf(cell) === SHIFT_OUT || charOf(cell) === SHIFT_IN;
}
