import type { ScreenView, SessionResource } from '@roundhouse/api';
import { isRoundhouseError, type RoundhouseError } from '@roundhouse/core';
import type { Io, Output } from './io.ts';

export function writeJson(output: Output, value: unknown): void {
  output.write(`${escapeControls(JSON.stringify(value, null, 2))}\n`);
}

/** One line of JSON. */
export function writeJsonLine(output: Output, value: unknown): void {
  output.write(`${escapeControls(JSON.stringify(value))}\n`);
}

/** JSON and double quoted YAML leave DEL and the C1 controls as they are; a terminal would follow them. */
export function escapeControls(quoted: string): string {
  return quoted.replace(/[\u007f-\u009f]/g, (control) => `\\u00${control.charCodeAt(0).toString(16)}`);
}

/** Columns as wide as their widest cell, two blanks apart. */
export function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const all = [head, ...rows];
  const widths = columnWidths(all);
  return all.map((row) => alignedLine(row, widths)).join('');
}

export function columnWidths(rows: ReadonlyArray<readonly string[]>): readonly number[] {
  const columns = Math.max(...rows.map((row) => row.length));
  return Array.from({ length: columns }, (_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
}

/** A line of a table; a cell that is wider than its column pushes the others. */
export function alignedLine(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, column) => printable(cell).padEnd(widths[column] ?? 0));
  return `${cells.join('  ').trimEnd()}\n`;
}

/** How a value looks in a cell: nothing is a dash, lists and maps are joined by commas. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(text).join(',');
  if (typeof value !== 'object') return text(value);
  const entries = Object.entries(value).map(([name, each]) => `${name}=${text(each)}`);
  return entries.length === 0 ? '-' : entries.join(',');
}

export function address(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A line for each value that there is; what is inside a value stands under `outer.inner`. */
export function facts(record: Readonly<Record<string, unknown>>): string {
  const rows = flat(record, '');
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}\n`).join('');
}

function flat(
  record: Readonly<Record<string, unknown>>,
  prefix: string,
): Array<readonly [name: string, value: string]> {
  return Object.entries(record).flatMap(([name, value]) => {
    if (value === null || value === undefined || value === '') return [];
    if (Array.isArray(value)) return value.length === 0 ? [] : [[prefix + name, value.map(text).join(', ')] as const];
    if (typeof value === 'object') return flat(value as Record<string, unknown>, `${prefix}${name}.`);
    return [[prefix + name, text(value)] as const];
  });
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Facts of one session, a line each. */
export function sessionFacts({ error, ...rest }: SessionResource): string {
  return facts({ ...rest, ...problemFacts(error) });
}

/** What went wrong, as facts. */
export function problemFacts(error: { code: string; message: string; hint: string } | null): Record<string, string> {
  return error === null ? {} : { error: `${error.code}: ${error.message}`, hint: error.hint };
}

/** The screen in a frame, with the cursor and the state of the keyboard under it. */
export function screenFrame(screen: ScreenView, { env, stdout }: Io): string {
  const { columns, rows, cursor_position: cursor } = screen;
  const showCursor = stdout.isTTY === true && !env['NO_COLOR'];
  const lines = screen.screen_data.split('\n').map((line, index) => {
    const shown = printable(line);
    return `│${showCursor && index + 1 === cursor.row ? markCursor(shown, cursor.column - 1) : shown}│\n`;
  });
  const lock = screen.keyboard_locked ? `locked: ${screen.lock_reason ?? 'unknown'}` : 'unlocked';
  const foot = ` ${rows}×${columns} · cursor ${cursor.row},${cursor.column} · ${lock} · ${screen.connection_state} · version ${screen.version} `;
  return `┌${'─'.repeat(columns)}┐\n${lines.join('')}└${foot.padStart(foot.length + 1, '─').padEnd(columns, '─')}┘\n`;
}

function markCursor(line: string, at: number): string {
  return `${line.slice(0, at)}\u001b[7m${line.charAt(at)}\u001b[27m${line.slice(at + 1)}`;
}

export function fieldTable({ fields }: ScreenView): string {
  if (fields.length === 0) return 'The screen has no fields.\n';
  const rows = fields.map((field) => [
    `${field.row},${field.column}`,
    String(field.length),
    [
      field.protected ? 'protected' : 'input',
      ...(['numeric', 'hidden', 'intensified', 'modified'] as const).filter((name) => field[name]),
    ].join(' '),
    [field.color, field.highlight].filter((name) => name !== null).join(' '),
    field.hidden ? '(hidden)' : field.value,
  ]);
  return table(['AT', 'LENGTH', 'KIND', 'LOOK', 'VALUE'], rows);
}

/** Message, next step and code; or the whole as JSON. */
export function writeError(error: unknown, output: Output, asJson: boolean): void {
  if (!isRoundhouseError(error)) {
    output.write(
      `roundhouse: ${printable(error instanceof Error ? (error.stack ?? error.message) : String(error), true)}\n`,
    );
  } else if (asJson) writeJson(output, { error });
  else output.write(`roundhouse: ${errorLines(error).join('\n  ')}\n`);
}

/** Message, each fault, what else is known, next step and code, a line each. */
export function errorLines({ message, hint, code, details }: RoundhouseError): readonly string[] {
  const faults = Array.isArray(details['errors']) ? (details['errors'] as unknown[]) : [];
  const evidence = Array.isArray(details['evidence']) ? (details['evidence'] as unknown[]).map(String) : [];
  return [message, ...faults.map(faultLine), ...evidence, `hint: ${hint}`, `code: ${code}`].map((line) =>
    printable(line),
  );
}

function faultLine(fault: unknown): string {
  const { pointer, detail } = fault as { pointer?: unknown; detail?: unknown };
  return `${String(pointer)}: ${String(detail)}`;
}

/** What comes from elsewhere must not steer the terminal. */
export function printable(value: string, keepLines = false): string {
  return value.replace(/\p{Cc}/gu, (control) => (keepLines && control === '\n' ? control : '·'));
}
