import type { BufferAddress } from '../datastream/address.ts';
import { isNumeric, isSkip } from '../datastream/attribute.ts';
import { FORMAT_CONTROLS } from '../datastream/order.ts';
import {
  BACKGROUND_SHIFT,
  type Cell,
  CELL_CHARSET,
  CHARSET_SHIFT,
  charOf,
  charsetOf,
  INPUT_CONTROL,
  isField,
} from '../screen/cell.ts';
import { NO_FIELD, type Screen } from '../screen/screen.ts';
import { isBlank, isInput } from './cursor.ts';
import { hasHostCharset, lastOfField, replaceCharacter } from './edit.ts';
import type { EditOutcome } from './outcome.ts';

/** How characters go into the buffer at this moment. */
export interface TypingRules {
  /** Insert mode: characters to the right move away. */
  readonly insert: boolean;
  /** Numeric fields refuse everything but digits, plus, minus, period and comma. */
  readonly numericLock: boolean;
  /** Nulls before a typed character become spaces; trailing spaces make room for an insert. */
  readonly blankFill: boolean;
  /** The reply mode lets a read tell the host of charsets. */
  readonly charsetsReported: boolean;
}

const NUL = 0x00;
const SPACE = 0x40;
const SHIFT_OUT = FORMAT_CONTROLS.SO.code;
const SHIFT_IN = FORMAT_CONTROLS.SI.code;

/** EBCDIC of `0123456789 + - . ,`: what the numeric lock lets through. */
const NUMERIC_CODES: ReadonlySet<number> = new Set([
  0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0x4e, 0x60, 0x4b, 0x6b,
]);

/** What a typed character leaves of the cell: it takes the field's foreground, highlighting and charset. */
const TYPED_KEEPS = (0xff << BACKGROUND_SHIFT) | INPUT_CONTROL;

const ESCAPE = CELL_CHARSET.Escape << CHARSET_SHIFT;

/** Types one character at the cursor and goes on to the next input position. `escape`: the code is of the APL set. */
export function typeCode(screen: Screen, code: number, escape: boolean, rules: TypingRules): EditOutcome {
  const outcome = putCode(screen, code, escape ? ESCAPE : 0, rules);
  if (outcome === 'ok') skip(screen);
  return outcome;
}

/** The Dup key: the mark goes in and the cursor goes to the next input field. */
export function typeDup(screen: Screen, rules: TypingRules): EditOutcome {
  const outcome = putCode(screen, FORMAT_CONTROLS.DUP.code, 0, rules);
  if (outcome === 'ok') screen.moveCursor(screen.nextUnprotected(screen.cursor));
  return outcome;
}

export function typeFieldMark(screen: Screen, rules: TypingRules): EditOutcome {
  return typeCode(screen, FORMAT_CONTROLS.FM.code, false, rules);
}

function putCode(screen: Screen, code: number, charset: Cell, rules: TypingRules): EditOutcome {
  const { cells, cursor } = screen;
  if (!isInput(screen, cursor)) return 'protected';
  if (rules.numericLock && isNumeric(screen.attributeAt(cursor)) && !NUMERIC_CODES.has(code)) return 'numeric';
  if (isDoubleByte(screen, cursor, rules)) return 'dbcs';
  // A Shift In ends what may be overwritten: the character goes behind it.
  const at = charOf(cells[cursor] as Cell) === SHIFT_IN ? screen.next(cursor) : cursor;
  if (isField(cells[at] as Cell)) return 'overflow';

  let room: EditOutcome = 'ok';
  if (rules.insert) room = makeRoom(screen, at, rules);
  else if (charOf(cells[at] as Cell) === SHIFT_OUT) room = moveShiftOut(screen, at);
  if (room !== 'ok') return room;

  cells[at] = ((cells[at] as Cell) & TYPED_KEEPS) | charset | code;
  if (rules.blankFill && screen.formatted) fillBlanks(screen, at);
  screen.setModified(cursor, true);
  screen.moveCursor(screen.next(at));
  screen.changed(false);
  return 'ok';
}

/** Auto-skip: past attributes, and past skip fields to the next input field. */
function skip(screen: Screen): void {
  let at = screen.cursor;
  for (let cell = screen.cells[at] as Cell; isField(cell); cell = screen.cells[at] as Cell) {
    at = isSkip(cell) ? screen.nextUnprotected(at) : screen.next(at);
  }
  screen.moveCursor(at);
}

/** Moves the cells from `at` right by one, into the first null, or over a trailing space with blank fill. */
function makeRoom(screen: Screen, at: BufferAddress, rules: TypingRules): EditOutcome {
  const { cells } = screen;
  // An unformatted buffer keeps its last cell out of this, as the reference does.
  const last = lastOfField(screen, at);
  const end = screen.fieldAt(at) === NO_FIELD ? last : screen.next(last);
  let gap: BufferAddress | undefined;
  let trailingBlank = false;
  for (let scan = at; scan !== end; scan = screen.next(scan)) {
    const cell = cells[scan] as Cell;
    if (!rules.charsetsReported && hasHostCharset(cell)) return 'unavailable';
    if (charOf(cell) === NUL) gap ??= scan;
    trailingBlank = isBlank(cell);
  }
  if (gap === undefined && rules.blankFill && trailingBlank) gap = screen.previous(end);
  if (gap === undefined) return 'overflow';
  for (let to = gap; to !== at; to = screen.previous(to)) cells[to] = cells[screen.previous(to)] as Cell;
  return 'ok';
}

/** Overwriting a Shift Out shortens the double-byte run behind it by one character, or removes an empty run. */
function moveShiftOut(screen: Screen, at: BufferAddress): EditOutcome {
  const { cells } = screen;
  const second = screen.next(at);
  if (isField(cells[second] as Cell)) return 'dbcs';
  if (charOf(cells[second] as Cell) !== SHIFT_IN) {
    const third = screen.next(second);
    if (isField(cells[third] as Cell)) return 'dbcs';
    cells[third] = SHIFT_OUT;
  }
  cells[second] = SPACE;
  return 'ok';
}

/** Blank fill: nulls in the field before `from` become spaces, back to a row that is empty up to its end. */
function fillBlanks(screen: Screen, from: BufferAddress): void {
  const { cells, columns } = screen;
  const field = screen.fieldAt(from);
  for (let at = from; at !== field; at = screen.previous(at)) {
    if (at % columns === columns - 1 && isRowEmptyBefore(screen, at, field)) return;
    const cell = cells[at] as Cell;
    if (charOf(cell) === NUL) cells[at] = replaceCharacter(cell, SPACE);
  }
}

function isRowEmptyBefore(screen: Screen, from: BufferAddress, field: BufferAddress): boolean {
  for (let at = from; at !== field; at = screen.previous(at)) {
    if (charOf(screen.cells[at] as Cell) !== NUL) return false;
    if (at % screen.columns === 0) break;
  }
  return true;
}

/** Single-byte characters cannot go into double-byte fields, nor over double-byte characters that must keep charset. */
function isDoubleByte(screen: Screen, address: BufferAddress, rules: TypingRules): boolean {
  const field = screen.fieldAt(address);
  if (field !== NO_FIELD && charsetOf(screen.cells[field] as Cell) === CELL_CHARSET.Dbcs) return true;
  if (rules.charsetsReported || screen.unicodeAt(address) !== 0) return false;
  return charsetOf(screen.cells[address] as Cell) === CELL_CHARSET.Dbcs;
}
