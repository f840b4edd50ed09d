import { LIMITS } from '@roundhouse/api';
import type { RoundhouseError } from '@roundhouse/core';
import { type Cell, charOf, type CodePage, isNondisplay, isProtected, type Screen } from '@roundhouse/tn3270';
import { cellTexts } from '../screen/text.ts';
import { navigationError } from './errors.ts';
import { Value } from '../value.ts';

/** A position on the screen; rows and columns count from 1. */
export interface Place {
  readonly row: number;
  readonly column: number;
}

/** A rectangle from its upper left corner; what lies beyond the screen is cut off. */
interface Area extends Place {
  readonly rows: number;
  readonly columns: number;
}

/** A text that stands on one row: at a place, within an area, or anywhere. What nondisplay fields hold is blank. */
interface ExpectedText {
  /** 1 … 256 UTF-16 code units, compared with case. */
  readonly text: string;
  /** `*` stands for any run of characters of the row, none included; at most 8 of them. Default: it is an asterisk. */
  readonly wildcards?: boolean | undefined;
  /** Where the first character stands; not together with `within`. */
  readonly at?: Place | undefined;
  readonly within?: Area | undefined;
}

/** A field whose first data cell stands at the place; what is left out may be either. */
interface ExpectedField extends Place {
  readonly protected?: boolean | undefined;
  /** Nondisplay. */
  readonly hidden?: boolean | undefined;
}

/** What tells one screen from others; all that is said must hold. */
export interface Signature {
  readonly texts?: readonly ExpectedText[] | undefined;
  /** Texts that must not stand there. */
  readonly absentTexts?: readonly ExpectedText[] | undefined;
  readonly fields?: readonly ExpectedField[] | undefined;
  readonly cursor?: Place | undefined;
  readonly size?: { readonly rows: number; readonly columns: number } | undefined;
}

/** Anything with a screen to look at: a session, or a restored snapshot with its code page. */
export interface ScreenSource {
  readonly screen: Screen;
  readonly codePage: CodePage;
}

export interface Match {
  readonly ok: boolean;
  /** What does not hold, each in words of the signature; never anything that the screen shows. Empty when ok. */
  readonly missing: readonly string[];
}

const MAX_TEXT_LENGTH = 256;
const MAX_WILDCARDS = 8;
/** Texts, absent texts or fields of one signature. */
const MAX_EXPECTATIONS = 64;

/** Compares a screen with a signature, all parts of it. Linear in the size of the screen for each text. */
export function matches(signature: Signature, source: ScreenSource): Match {
  const { screen, codePage } = source;
  const { texts = [], absentTexts = [], fields = [], cursor, size } = signature;
  const cells = texts.length + absentTexts.length > 0 ? cellTexts(screen, codePage) : [];
  const missing: string[] = [];
  if (size !== undefined && (size.rows !== screen.rows || size.columns !== screen.columns))
    missing.push(`a screen of ${size.rows} × ${size.columns}`);
  for (const each of texts) if (!stands(each, cells, screen)) missing.push(describeText(each));
  for (const each of absentTexts) if (stands(each, cells, screen)) missing.push(`no ${describeText(each)}`);
  for (const each of fields) if (!isThere(each, screen)) missing.push(describeField(each));
  if (cursor !== undefined && screen.cursor !== addressOf(cursor, screen))
    missing.push(`the cursor at ${describePlace(cursor)}`);
  return { ok: missing.length === 0, missing };
}

/**
 * Checks a signature in its JSON form: that of the type, with `absent_texts` as names are outside. Raises
 * NAVIGATION_INVALID with the path, which begins with `path`.
 */
export function parseSignature(raw: unknown, path = 'signature'): Signature {
  return readSignature(new Value(raw, path, refuse));
}

export function readSignature(value: Value): Signature {
  const members = value.members(['texts', 'absent_texts', 'fields', 'cursor', 'size']);
  const signature: Signature = {
    texts: members.texts.optional((list) => list.list(1, MAX_EXPECTATIONS).map(readText)),
    absentTexts: members.absent_texts.optional((list) => list.list(1, MAX_EXPECTATIONS).map(readText)),
    fields: members.fields.optional((list) => list.list(1, MAX_EXPECTATIONS).map(readField)),
    cursor: members.cursor.optional(readPlace),
    size: members.size.optional((size) => {
      const { rows, columns } = size.members(['rows', 'columns']);
      return { rows: readCount(rows), columns: readCount(columns) };
    }),
  };
  if (Object.values(signature).every((part) => part === undefined)) throw value.refusal('it would match every screen');
  return signature;
}

export function refuse(path: string, reason: string): RoundhouseError {
  return navigationError('NAVIGATION_INVALID', { details: { path, reason } });
}

export function readCount(value: Value): number {
  return value.integer(1, LIMITS.maxScreenCells);
}

function readText(value: Value): ExpectedText {
  const members = value.members(['text', 'wildcards', 'at', 'within']);
  const text = members.text.text(MAX_TEXT_LENGTH);
  const wildcards = members.wildcards.optional((flag) => flag.flag()) ?? false;
  if (wildcards) {
    const runs = text.split('*').length - 1;
    if (runs > MAX_WILDCARDS) throw members.text.refusal(`it has ${runs} wildcards, not at most ${MAX_WILDCARDS}`);
    if (runs === text.length) throw members.text.refusal('it would match every row');
  }
  if (!members.at.isAbsent && !members.within.isAbsent) throw members.within.refusal('it has "at" beside it');
  return { text, wildcards, at: members.at.optional(readPlace), within: members.within.optional(readArea) };
}

function readField(value: Value): ExpectedField {
  const members = value.members(['row', 'column', 'protected', 'hidden']);
  return {
    row: readCount(members.row),
    column: readCount(members.column),
    protected: members.protected.optional((flag) => flag.flag()),
    hidden: members.hidden.optional((flag) => flag.flag()),
  };
}

function readPlace(value: Value): Place {
  const { row, column } = value.members(['row', 'column']);
  return { row: readCount(row), column: readCount(column) };
}

function readArea(value: Value): Area {
  const { row, column, rows, columns } = value.members(['row', 'column', 'rows', 'columns']);
  return { row: readCount(row), column: readCount(column), rows: readCount(rows), columns: readCount(columns) };
}

function stands(expected: ExpectedText, cells: readonly string[], { rows, columns }: Screen): boolean {
  const { at, within } = expected;
  const area = within ?? { row: 1, column: 1, rows, columns };
  const firstRow = at?.row ?? area.row;
  const lastRow = Math.min(rows, at?.row ?? area.row + area.rows - 1);
  const firstColumn = at?.column ?? area.column;
  const lastColumn = Math.min(columns, at === undefined ? area.column + area.columns - 1 : columns);
  for (let row = firstRow; row <= lastRow; row++) {
    const start = (row - 1) * columns;
    const line = cells.slice(start + firstColumn - 1, start + lastColumn).join('');
    if (isOn(line, expected)) return true;
  }
  return false;
}

/** Runs between wildcards are found one after the other, each as early as it can be: nothing is tried twice. */
function isOn(line: string, { text, wildcards, at }: ExpectedText): boolean {
  const [first = '', ...others] = wildcards === true ? text.split('*') : [text];
  let end = first.length;
  if (at === undefined) {
    const start = line.indexOf(first);
    if (start < 0) return false;
    end += start;
  } else if (!line.startsWith(first)) return false;
  for (const run of others) {
    const start = line.indexOf(run, end);
    if (start < 0) return false;
    end = start + run.length;
  }
  return true;
}

function isThere(expected: ExpectedField, screen: Screen): boolean {
  const address = addressOf(expected, screen);
  if (address === undefined) return false;
  const cell = screen.cells[screen.previous(address)] as Cell;
  if (cell >= 0) return false;
  const attribute = charOf(cell);
  return (
    (expected.protected ?? isProtected(attribute)) === isProtected(attribute) &&
    (expected.hidden ?? isNondisplay(attribute)) === isNondisplay(attribute)
  );
}

/** Buffer address of a place, or undefined outside the screen. */
export function addressOf({ row, column }: Place, { rows, columns }: Screen): number | undefined {
  return row > rows || column > columns ? undefined : (row - 1) * columns + column - 1;
}

function describeText({ text, wildcards, at, within }: ExpectedText): string {
  const what = `${wildcards === true ? 'pattern' : 'text'} "${text}"`;
  if (at !== undefined) return `${what} at ${describePlace(at)}`;
  if (within === undefined) return `${what} anywhere`;
  return `${what} within ${within.rows} rows and ${within.columns} columns from ${describePlace(within)}`;
}

function describeField(field: ExpectedField): string {
  const hidden = field.hidden === undefined ? [] : [field.hidden ? 'hidden' : 'displayed'];
  const guarded = field.protected === undefined ? [] : [field.protected ? 'protected' : 'unprotected'];
  return `${['a', ...hidden, ...guarded, 'field'].join(' ')} that begins at ${describePlace(field)}`;
}

function describePlace({ row, column }: Place): string {
  return `row ${row} column ${column}`;
}
