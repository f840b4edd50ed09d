import type { ScreenView, SessionResource } from '@roundhouse/api';
import { isRoundhouseError } from '@roundhouse/core';
import type { Io, Output } from './io.ts';

export function writeJson(output: Output, value: unknown): void {
  output.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Columns as wide as their widest cell, two blanks apart. */
export function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const all = [head, ...rows].map((row) => row.map((cell) => printable(cell)));
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] as number))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
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
  else {
    const faults = Array.isArray(error.details['errors']) ? (error.details['errors'] as unknown[]) : [];
    output.write(`roundhouse: ${printable(error.message)}\n`);
    for (const fault of faults) output.write(`  ${printable(faultLine(fault))}\n`);
    output.write(`  hint: ${printable(error.hint)}\n  code: ${printable(error.code)}\n`);
  }
}

function faultLine(fault: unknown): string {
  const { pointer, detail } = fault as { pointer?: unknown; detail?: unknown };
  return `${String(pointer)}: ${String(detail)}`;
}

/** What comes from elsewhere must not steer the terminal. */
export function printable(value: string, keepLines = false): string {
  return value.replace(/\p{Cc}/gu, (control) => (keepLines && control === '\n' ? control : '·'));
}
