import type { BufferAddress } from '../datastream/address.ts';
import type { AidName } from '../datastream/aid.ts';
import { COLOR, FIELD_ATTRIBUTE, HIGHLIGHTING } from '../datastream/attribute.ts';
import type { ScreenSize } from '../screen/screen.ts';
import { DEFAULT_SIZE } from '../terminal/model.ts';
import { cellsOf } from './encode.ts';
import { hostError } from './errors.ts';

export const SCREEN_COLORS = {
  blue: COLOR.Blue,
  red: COLOR.Red,
  pink: COLOR.Pink,
  green: COLOR.Green,
  turquoise: COLOR.Turquoise,
  yellow: COLOR.Yellow,
  white: COLOR.NeutralWhite,
} as const;

export const SCREEN_HIGHLIGHTS = {
  blink: HIGHLIGHTING.Blink,
  reverse: HIGHLIGHTING.Reverse,
  underscore: HIGHLIGHTING.Underscore,
  intensify: HIGHLIGHTING.Intensify,
} as const;

/** Shown by terminals with extended attributes; others show the text plain. */
export interface TextStyle {
  readonly color?: keyof typeof SCREEN_COLORS;
  readonly highlight?: keyof typeof SCREEN_HIGHLIGHTS;
}

/** A stretch of a text with a style of its own (order SA). */
export interface TextRun extends TextStyle {
  readonly text: string;
}

/**
 * Where the first character stands; the attribute takes the cell before it. Rows and columns count from 1; negative
 * ones from the end (row −1 is the last), so that one definition suits every size of screen.
 */
interface FieldPlace extends TextStyle {
  readonly row: number;
  readonly column: number;
  readonly intensified?: boolean;
}

/** Text that nobody types over. */
export interface TextField extends FieldPlace {
  readonly text: string | readonly TextRun[];
}

/** A field whose text comes with each showing. */
export interface OutputField extends FieldPlace {
  readonly name: string;
  /** Cells. */
  readonly length: number;
  readonly protected: true;
  readonly hidden?: boolean;
}

/** A field to type into; what is typed comes back under its name. */
export interface InputField extends FieldPlace {
  readonly name: string;
  /** Cells. */
  readonly length: number;
  readonly protected?: false;
  /** Asks the keyboard for digits; not every terminal obeys, so check the value. */
  readonly numeric?: boolean;
  /** Typed characters are not shown. */
  readonly hidden?: boolean;
  /** The cursor starts here; else in the first input field. */
  readonly cursor?: boolean;
  /** Keeps blanks around the value; otherwise both ends are trimmed. */
  readonly keepSpaces?: boolean;
}

export type Field = TextField | OutputField | InputField;

type NameOf<F> = F extends { readonly name: infer N extends string } ? N : never;
type InputNameOf<F> = F extends { readonly protected: true } ? never : NameOf<F>;

/** A declared screen. `Input` are the names that come back, `Shown` all names that take a value. */
export interface ScreenDefinition<Input extends string = string, Shown extends string = string> {
  readonly fields: readonly Field[];
  readonly inputNames: readonly Input[];
  readonly shownNames: readonly Shown[];
  /** Where everything stands on a screen of `size`. Raises SCREEN_INVALID. */
  layout(size: ScreenSize): ScreenLayout;
}

export interface ScreenSpec<F extends readonly Field[]> {
  readonly fields: F;
  /** Smallest size that the definition is made for and checked against. Default 24 × 80. */
  readonly size?: ScreenSize;
}

/** A field at its addresses. */
export interface PlacedField {
  readonly field: Field;
  readonly attribute: BufferAddress;
  /** First data cell; the data end before `end`. */
  readonly start: BufferAddress;
  readonly end: BufferAddress;
  /** The cell at `end` needs an attribute that closes the field. */
  readonly closed: boolean;
}

export interface ScreenLayout {
  readonly size: ScreenSize;
  /** Ascending. */
  readonly fields: readonly PlacedField[];
  readonly cursor: BufferAddress;
}

/** What came back from a shown screen. */
export interface Answer<Input extends string = string> {
  readonly aid: AidName;
  /** From 1. Row and column are 1 after a key that sends no cursor (PA, Clear). */
  readonly cursor: { readonly row: number; readonly column: number };
  /** The inputs by name. A key that sends no fields (PA, Clear) leaves them as they were shown. */
  readonly values: Readonly<Record<Input, string>>;
}

/**
 * Declares a screen and checks it: positions, overlaps, names. Raises SCREEN_INVALID.
 *
 * @example
 * const Logon = defineScreen({ fields: [
 *   { row: 10, column: 20, text: 'User' },
 *   { row: 10, column: 30, name: 'user', length: 8, cursor: true },
 * ] });
 * const answer = await terminal.show(Logon);
 * answer.values.user;
 */
export function defineScreen<const F extends readonly Field[]>(
  spec: ScreenSpec<F>,
): ScreenDefinition<InputNameOf<F[number]>, NameOf<F[number]>> {
  const fields: readonly Field[] = spec.fields;
  const named = fields.filter((field) => 'name' in field);
  const names = named.map((field) => field.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(`the name ${twice} stands twice`);
  if (fields.filter((field) => 'cursor' in field && field.cursor).length > 1)
    throw invalid('two fields want the cursor');

  const layouts = new Map<string, ScreenLayout>();
  const layout = (size: ScreenSize): ScreenLayout => {
    const key = `${size.rows}x${size.columns}`;
    const known = layouts.get(key);
    if (known !== undefined) return known;
    const made = place(fields, size);
    if (layouts.size < MAX_LAYOUTS) layouts.set(key, made);
    return made;
  };
  layout(spec.size ?? DEFAULT_SIZE);
  return {
    fields,
    // Names are strings at run time; their literal types come from the definition.
    inputNames: named.filter(isInput).map((field) => field.name) as Array<InputNameOf<F[number]>>,
    shownNames: names as Array<NameOf<F[number]>>,
    layout,
  };
}

export function isInput(field: Field): field is InputField {
  return 'name' in field && field.protected !== true;
}

/** Sizes kept laid out for one screen; oversize terminals may bring any number of others. */
const MAX_LAYOUTS = 8;

/** The bits of the field attribute byte. Labels are skipped by the cursor; inputs come back even when left alone. */
export function attributeBits(field: Field): number {
  const hidden = 'hidden' in field && field.hidden === true;
  const display = hidden ? FIELD_ATTRIBUTE.Nondisplay : field.intensified === true ? FIELD_ATTRIBUTE.Intensified : 0;
  if (!isInput(field)) return FIELD_ATTRIBUTE.Protected | FIELD_ATTRIBUTE.Numeric | display;
  return FIELD_ATTRIBUTE.Modified | (field.numeric === true ? FIELD_ATTRIBUTE.Numeric : 0) | display;
}

/** The runs of a text field. */
export function runsOf(text: TextField['text']): readonly TextRun[] {
  return typeof text === 'string' ? [{ text }] : text;
}

function place(fields: readonly Field[], size: ScreenSize): ScreenLayout {
  const placed = fields.map((field) => placeField(field, size)).sort((a, b) => a.attribute - b.attribute);
  placed.forEach((here, index) => {
    const next = placed[index + 1];
    if (next !== undefined && next.attribute < here.end) {
      throw invalid(`${label(here.field)} and ${label(next.field)} overlap`);
    }
  });
  const closed = placed.map((here, index) => ({
    ...here,
    closed: needsClosing(here.field) && placed[index + 1]?.attribute !== here.end,
  }));
  const wanted = closed.find(({ field }) => 'cursor' in field && field.cursor);
  const first = wanted ?? closed.find(({ field }) => isInput(field));
  return { size, fields: closed, cursor: first?.start ?? 0 };
}

function placeField(field: Field, size: ScreenSize): Omit<PlacedField, 'closed'> {
  const row = field.row < 0 ? size.rows + field.row + 1 : field.row;
  const column = field.column < 0 ? size.columns + field.column + 1 : field.column;
  const whole = Number.isInteger(row) && Number.isInteger(column);
  if (!whole || row < 1 || row > size.rows || column < 1 || column > size.columns) {
    throw invalid(`${label(field)} is not on the screen of ${size.rows} × ${size.columns}`);
  }
  const start = (row - 1) * size.columns + column - 1;
  if (start === 0) throw invalid(`${label(field)} leaves no room for its attribute`);
  const length = 'name' in field ? field.length : runsOf(field.text).reduce((sum, run) => sum + cellsOf(run.text), 0);
  if (!Number.isInteger(length) || length < 1) throw invalid(`${label(field)} has no length`);
  const end = start + length;
  const last = size.rows * size.columns - (needsClosing(field) ? 1 : 0);
  if (end > last) throw invalid(`${label(field)} runs over the end of the screen`);
  return { field, attribute: start - 1, start, end };
}

/** An input would take what is typed beyond it, a highlight would run on through the blanks. */
function needsClosing(field: Field): boolean {
  return isInput(field) || field.highlight !== undefined;
}

function label(field: Field): string {
  const what = 'name' in field ? field.name : `"${runsOf(field.text)[0]?.text ?? ''}"`;
  return `${what} at ${field.row}/${field.column}`;
}

function invalid(reason: string): Error {
  return hostError('SCREEN_INVALID', { details: { reason } });
}
