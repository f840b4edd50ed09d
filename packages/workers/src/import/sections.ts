import { importInvalid } from './collector.ts';

export interface Entry {
  readonly key: string;
  readonly value: string;
  /** From 1. */
  readonly line: number;
}

export interface Section {
  readonly name: string;
  readonly line: number;
  readonly entries: readonly Entry[];
}

interface Dialect {
  readonly format: string;
  readonly separators: RegExp;
  /** The line that goes on with the one before, and how they are joined; undefined: it does not. */
  readonly continuation: 'backslash' | 'indent';
  readonly hasInlineComments: boolean;
}

/** As Python's configparser reads it for supervisord: keys in any case, `=` or `:`, values over indented lines. */
export const SUPERVISORD_DIALECT: Dialect = {
  format: 'supervisord configuration',
  separators: /[=:]/,
  continuation: 'indent',
  hasInlineComments: true,
};

/** systemd.syntax(7). */
export const UNIT_DIALECT: Dialect = {
  format: 'systemd unit',
  separators: /=/,
  continuation: 'backslash',
  hasInlineComments: false,
};

interface OpenEntry {
  readonly key: string;
  readonly lines: string[];
  readonly line: number;
}

interface Line {
  readonly number: number;
  readonly text: string;
  readonly isIndented: boolean;
}

/** Reads `[sections]` of keys and values, in order. Raises IMPORT_INVALID with the line. */
export function readSections(text: string, dialect: Dialect): Section[] {
  const { format, separators, continuation } = dialect;
  const sections: { name: string; line: number; entries: OpenEntry[] }[] = [];
  for (const { number, text: line, isIndented } of linesOf(text, dialect)) {
    const entries = sections.at(-1)?.entries;
    const last = entries?.at(-1);
    if (isIndented && continuation === 'indent' && entries !== undefined && last !== undefined) {
      last.lines.push(line);
      continue;
    }
    const [, name] = /^\[([^\]]+)\]$/.exec(line) ?? [];
    if (name !== undefined) {
      sections.push({ name, line: number, entries: [] });
      continue;
    }
    const at = line.search(separators);
    if (at < 1) throw importInvalid(format, `${JSON.stringify(line.slice(0, 64))} is no key with a value`, number);
    if (entries === undefined) throw importInvalid(format, 'a key stands before the first section', number);
    entries.push({ key: line.slice(0, at).trim(), lines: [line.slice(at + 1).trim()], line: number });
  }
  return sections.map((section) => ({
    ...section,
    entries: section.entries.map(({ key, lines, line }) => ({ key, value: lines.join('\n').trim(), line })),
  }));
}

/** Lines without comments and empty ones; of those that are one, the first one's number. */
function* linesOf(text: string, { continuation, hasInlineComments }: Dialect): Generator<Line> {
  let open: Line | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const trimmed = raw.trim();
    if (/^[#;]/.test(trimmed)) continue;
    const line = hasInlineComments ? trimmed.replace(/\s[#;].*$/, '').trim() : trimmed;
    if (continuation === 'backslash' && line.endsWith('\\')) {
      const before = open?.text ?? '';
      open = { number: open?.number ?? index + 1, text: `${before}${line.slice(0, -1)} `, isIndented: false };
      continue;
    }
    if (open !== undefined) yield { ...open, text: `${open.text}${line}`.trim() };
    else if (line !== '') yield { number: index + 1, text: line, isIndented: /^\s/.test(raw) };
    open = undefined;
  }
  if (open !== undefined) yield { ...open, text: open.text.trim() };
}
