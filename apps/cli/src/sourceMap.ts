const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const CONTINUES = 32;

/** What is used of a source map (ECMA-426). */
export interface SourceMapFile {
  readonly sources: readonly string[];
  readonly mappings: string;
}

export interface SourcePlace {
  readonly source: string;
  /** From 1. */
  readonly line: number;
}

/**
 * Where a place of a generated file comes from, lines and columns from 1; undefined where the map says nothing. Nothing
 * is kept: maps are much larger decoded, and places are asked for one at a time, when something has gone wrong.
 */
export function sourcePlace(map: SourceMapFile, line: number, column: number): SourcePlace | undefined {
  const { mappings } = map;
  let [source, sourceLine] = [0, 0];
  let found: SourcePlace | undefined;
  let at = 0;
  for (let generatedLine = 1; generatedLine <= line && at <= mappings.length; generatedLine++) {
    let generatedColumn = 0;
    for (; at < mappings.length && mappings[at] !== ';'; ) {
      const fields: number[] = [];
      while (at < mappings.length && mappings[at] !== ',' && mappings[at] !== ';') {
        const [value, next] = number(mappings, at);
        fields.push(value);
        at = next;
      }
      if (mappings[at] === ',') at++;
      generatedColumn += fields[0] ?? 0;
      source += fields[1] ?? 0;
      sourceLine += fields[2] ?? 0;
      if (generatedLine < line) continue;
      if (generatedColumn >= column) return found;
      const name = fields.length < 4 ? undefined : map.sources[source];
      found = name === undefined ? undefined : { source: name, line: sourceLine + 1 };
    }
    at++;
  }
  return found;
}

/** A base 64 VLQ (ECMA-426, 4.1), and where the next begins. */
function number(text: string, start: number): [value: number, next: number] {
  let [value, shift, at] = [0, 0, start];
  for (;;) {
    const digit = Math.max(0, DIGITS.indexOf(text[at++] as string));
    value |= (digit & (CONTINUES - 1)) << shift;
    shift += 5;
    if ((digit & CONTINUES) === 0 || at >= text.length) return [(value & 1) === 0 ? value >>> 1 : -(value >>> 1), at];
  }
}
