/** Where a value comes from, weakest first. */
export type LayerKind =
  | 'defaults'
  | 'profile'
  | 'extends'
  | 'file'
  | 'directory'
  | 'environment'
  | 'command_line'
  | 'override';

/** Something that sets values: a text with lines, or one variable, setting or override. */
export interface Source {
  readonly layer: LayerKind;
  /** How it is called where places are shown: a path, `environment ROUNDHOUSE__…`, `--set`. */
  readonly name: string;
  /** Undefined for what has no lines. */
  readonly text: string | undefined;
  /** Directory that relative paths in it start from; undefined where there is none. */
  readonly directory: string | undefined;
}

/** A stretch of a source: offsets in UTF-16 code units, `end` excluded. */
export interface Place {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
}

/** Counted from 1; columns are characters (code points), not bytes and not cells. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

const lineStarts = new WeakMap<Source, readonly number[]>();

export function positionOf(source: Source, offset: number): Position {
  const starts = lineStartsOf(source);
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] as number) <= offset) low = middle;
    else high = middle - 1;
  }
  const before = (source.text ?? '').slice(starts[low] as number, offset);
  return { line: low + 1, column: [...before].length + 1 };
}

/** The line (from 1) without its end, and the offset at which it begins. */
export function lineOf(source: Source, line: number): { readonly text: string; readonly start: number } {
  const starts = lineStartsOf(source);
  const start = starts[line - 1] ?? 0;
  const text = (source.text ?? '').slice(start, starts[line]).replace(/\r?\n$/, '');
  return { text, start };
}

function lineStartsOf(source: Source): readonly number[] {
  const known = lineStarts.get(source);
  if (known !== undefined) return known;
  const starts = [0];
  const text = source.text ?? '';
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  lineStarts.set(source, starts);
  return starts;
}

/** A source without lines. */
export function namedSource(layer: LayerKind, name: string): Source {
  return { layer, name, text: undefined, directory: undefined };
}

export function wholeOf(source: Source): Place {
  return { source, start: 0, end: 0 };
}

/** `file:line:column`, or the name of a source without lines. */
export function describePlace(place: Place): string {
  if (place.source.text === undefined) return place.source.name;
  const { line, column } = positionOf(place.source, place.start);
  return `${place.source.name}:${line}:${column}`;
}
