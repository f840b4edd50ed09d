import type { AuditRecordResource } from '@roundhouse/api';
import { alignedLine, cellText, table } from '../../render.ts';

const HEAD = ['SEQ', 'TIME', 'CODE', 'ACTION', 'OUTCOME', 'WHO', 'WHAT', 'FROM', 'REASON'];
/** Of lines that come one by one: wide enough for most. */
const WIDTHS = [8, 24, 8, 22, 8, 16, 24, 15, 0];

export function recordTable(records: readonly AuditRecordResource[]): string {
  return table(HEAD, records.map(cellsOf));
}

/** A line for a record that comes when it happens. */
export function recordLine(record: AuditRecordResource): string {
  return alignedLine(cellsOf(record), WIDTHS);
}

function cellsOf(record: AuditRecordResource): string[] {
  const { actor, resource, session_id: session, source } = record;
  const who = actor.on_behalf_of === undefined ? actor.id : `${actor.on_behalf_of} (${actor.id})`;
  const what = resource === undefined ? session : `${resource.kind}/${resource.id}`;
  const outcome = record.phase === 'received' ? 'asked' : record.outcome;
  return [
    String(record.seq),
    record.time,
    record.code,
    record.action,
    outcome,
    who,
    cellText(what),
    cellText(source?.address),
    cellText(record.reason),
  ];
}
