export interface Import {
  readonly specifier: string;
  /** From 1. */
  readonly line: number;
  /** `type` leaves no trace at run time. */
  readonly kind: 'static' | 'type' | 'dynamic';
}

/** Statements begin in the first column (the formatter sees to it), so text in comments and strings is not taken for one. */
const STATEMENT = /^(?:import|export)\s+(?:(type\s+)?(?:[\w$*{][^'";]*?\s*from\s*))?['"]([^'"\n]+)['"]/gm;
/** Outside of comments and of strings: whole strings may stand before it on the line, half a string may not. */
const CALL = /^(?!\s*(?:\*|\/\/))(?:[^'"`\n]|'[^'\n]*'|"[^"\n]*"|`[^`\n]*`)*?\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/gm;

/** The modules that a source names, in order of line. */
export function importsOf(source: string): Import[] {
  const found: Import[] = [];
  for (const match of source.matchAll(STATEMENT)) {
    const [, type, specifier] = match;
    if (specifier !== undefined)
      found.push({ specifier, line: lineOf(source, match.index), kind: type ? 'type' : 'static' });
  }
  for (const match of source.matchAll(CALL)) {
    const [, specifier] = match;
    if (specifier !== undefined) found.push({ specifier, line: lineOf(source, match.index), kind: 'dynamic' });
  }
  return found.sort((a, b) => a.line - b.line);
}

function lineOf(source: string, index: number): number {
  return source.slice(0, index).split('\n').length;
}
