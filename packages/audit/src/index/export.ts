import { canonicalJson, type JsonObject } from '../record/canonical.ts';
import type { AuditRecord } from '../record/entry.ts';
import type { ExportFormat } from './contract.ts';

/** Characters of a piece. */
const PIECE = 65_536;

/** Of one row, in order: the name of the column, and what stands in it. */
const COLUMNS: ReadonlyArray<readonly [name: string, cell: (record: AuditRecord) => string | number | undefined]> = [
  ['seq', ({ seq }) => seq],
  ['time', ({ time }) => time],
  ['class', (record) => record.class],
  ['code', ({ code }) => code],
  ['action', ({ action }) => action],
  ['phase', ({ phase }) => phase],
  ['outcome', ({ outcome }) => outcome],
  ['reason', ({ reason }) => reason],
  ['actor_type', ({ actor }) => actor.type],
  ['actor_id', ({ actor }) => actor.id],
  ['authentication', ({ actor }) => actor.authentication],
  ['on_behalf_of', ({ actor }) => actor.on_behalf_of],
  ['resource_kind', ({ resource }) => resource?.kind],
  ['resource_id', ({ resource }) => resource?.id],
  ['session_id', (record) => record.session_id],
  ['host', ({ host }) => host],
  ['source_address', ({ source }) => source?.address],
  ['source_port', ({ source }) => source?.port],
  ['request_id', (record) => record.request_id],
  ['trace_id', (record) => record.trace_id],
  ['classification', ({ classification }) => classification],
  ['subject', ({ subject }) => subject],
  ['id', ({ id }) => id],
  ['boot', ({ boot }) => boot],
  ['details', ({ details }) => details && canonicalJson(details)],
];

/** The text of records, in pieces; what is not asked for is not read. */
export async function* exportText(
  records: AsyncIterable<AuditRecord>,
  format: ExportFormat,
): AsyncGenerator<string, void, void> {
  let piece = format === 'csv' ? line(COLUMNS.map(([name]) => name)) : '';
  for await (const record of records) {
    piece +=
      format === 'csv'
        ? line(COLUMNS.map(([, cellOf]) => cellOf(record)))
        : `${canonicalJson(record as unknown as JsonObject)}\n`;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

/** RFC 4180 §2. */
function line(cells: ReadonlyArray<string | number | undefined>): string {
  return `${cells.map(cellText).join(',')}\r\n`;
}

function cellText(value: string | number | undefined): string {
  if (typeof value !== 'string') return value === undefined ? '' : String(value);
  const text = isFormula(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** What a spreadsheet would compute (OWASP, CSV Injection): it shows the text behind an apostrophe instead. */
function isFormula(text: string): boolean {
  return /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/.test(text);
}
