import { KINDS, type Role, VERBS } from '@roundhouse/api';
import type { z } from 'zod';
import { EVENT_CATALOGUE } from './event/catalogue.ts';
import { TYPE_PREFIX } from './event/record.ts';
import { type MatrixRow, permissionMatrix } from './policy/matrix.ts';
import { MAX_ATTEMPTS, retryDelayMs } from './webhook/schedule.ts';

/** A table of Markdown with its columns aligned. */
function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[], fill: string): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width, fill)).join(' | ')} |`;
  return [line(head, ' '), line([], '-'), ...rows.map((row) => line(row, ' '))].join('\n');
}

/** What each role may do to each kind. */
export function matrixTable(roles: readonly Role[]): string {
  const matrix = permissionMatrix(roles);
  const cellOf = (role: string, kind: string): string => {
    const row = matrix.find((each) => each.role === role && each.kind === kind);
    return row === undefined ? '' : cell(row);
  };
  return table(
    ['', ...roles.map(({ id }) => `\`${id}\``)],
    KINDS.map((kind) => [`\`${kind}\``, ...roles.map(({ id }) => cellOf(id, kind))]),
  );
}

function cell({ outcomes }: MatrixRow): string {
  const always = VERBS.filter((verb) => outcomes[verb] === 'allow');
  const own = VERBS.filter((verb) => outcomes[verb] === 'conditional');
  if (always.length === VERBS.length) return 'everything';
  const parts = [always.join(', '), own.length === 0 ? '' : `own: ${own.join(', ')}`].filter((each) => each !== '');
  return parts.length === 0 ? '–' : parts.join('; ');
}

/** The wait before each attempt. */
export function scheduleTable(): string {
  const waits = Array.from({ length: MAX_ATTEMPTS }, (_, made) =>
    made === 0 ? 0 : retryDelayMs(made, null, () => 0.5),
  );
  return table(
    ['Attempt', ...waits.map((_, index) => String(index + 1))],
    [['After', ...waits.map((wait) => duration(wait ?? 0))]],
  );
}

function duration(ms: number): string {
  if (ms === 0) return 'at once';
  if (ms < 60_000) return `${ms / 1_000} s`;
  return ms < 3_600_000 ? `${ms / 60_000} min` : `${ms / 3_600_000} h`;
}

/** Every type of event. */
export function eventTable(): string {
  const rows = Object.entries(EVENT_CATALOGUE).map(([type, { summary, severity, subject, data }]) => [
    `\`${TYPE_PREFIX}${type}\``,
    summary,
    severity,
    subject,
    fieldsOf(data),
  ]);
  return table(['Type', 'Fact', 'Severity', 'Subject', 'Data'], rows);
}

function fieldsOf({ shape }: z.ZodObject): string {
  const names = Object.keys(shape);
  return names.length === 0 ? '–' : names.map((name) => `\`${name}\``).join(', ');
}
