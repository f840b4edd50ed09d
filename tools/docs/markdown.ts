/** A GitHub-flavoured table with its columns aligned, as the formatter has it; the cells are Markdown already. */
export function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[], fill: string): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width, fill)).join(' | ')} |`;
  return [line(head, ' '), line([], '-'), ...rows.map((row) => line(row, ' '))].join('\n');
}

/** Prose of the code, whose backquotes are code already; safe in a table. */
export function plain(text: string): string {
  return text.replaceAll(/[\\*<|]/g, '\\$&');
}

/** Text in code type, safe in a table. */
export function code(text: string): string {
  const fence = text.includes('`') ? '``' : '`';
  const padded = text.startsWith('`') || text.endsWith('`') ? ` ${text} ` : text;
  return fence + padded.replaceAll('|', '\\|') + fence;
}

/** `5`, two digits → `05`. */
export function hex(value: number, digits = 2): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}

/** Differences shown of one page. */
const MAX_SHOWN = 12;

/** Lines of one text that the other lacks, `-` only in `present`, `+` only in `wanted`; empty when they are equal. */
export function differences(present: string, wanted: string): string[] {
  if (present === wanted) return [];
  const [before, after] = [present.split('\n'), wanted.split('\n')];
  const [inBefore, inAfter] = [new Set(before), new Set(after)];
  const changes = [
    ...before.filter((line) => !inAfter.has(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !inBefore.has(line)).map((line) => `+ ${line}`),
  ];
  if (changes.length === 0) return ['the same lines in another order or number'];
  const hidden = changes.length - MAX_SHOWN;
  return hidden > 0 ? [...changes.slice(0, MAX_SHOWN), `… and ${hidden} more`] : changes;
}
