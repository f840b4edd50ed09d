import type { RoundhouseError } from '@roundhouse/core';
import type { CommittedRows } from './backend.ts';
import { storeError } from './errors.ts';
import type { ChangeRow, EventRow, ResourceRow, TransactionRows, WriteRow } from './rows.ts';
import type { Expectation } from './store.ts';

/** The store as a transaction finds it. */
export interface View {
  readonly revision: number;
  /** Of the newest event ever appended. */
  readonly lastSequence: number;
  readonly now: number;
  find(kind: string, id: string): ResourceRow | undefined;
}

/** What is to be written, and what the caller hears. */
export interface Effects extends CommittedRows {
  readonly changes: readonly ChangeRow[];
  readonly lastSequence: number;
}

/** Name of a resource among all kinds; neither part can hold U+0000. */
export const resourceKey = (kind: string, id: string): string => `${kind}\0${id}`;

/**
 * Decides what a transaction does. A later write of it sees the earlier ones. Raises VERSION_CONFLICT and
 * EVENT_SEQUENCE_CONFLICT; nothing has been written by then.
 */
export function evaluate({ writes, events }: TransactionRows, view: View): Effects {
  const revision = view.revision + 1;
  const written = new Map<string, ResourceRow | undefined>();
  const changes: ChangeRow[] = [];
  const rows = writes.map((write) => {
    const key = resourceKey(write.kind, write.id);
    const found = written.has(key) ? written.get(key) : view.find(write.kind, write.id);
    if (!holds(write.expect, found)) throw conflict(write, found);
    const row = write.op === 'put' ? put(write, found, revision, view.now) : undefined;
    const resource = row ?? found;
    // A delete of what is not there changes nothing.
    if (resource !== undefined) changes.push({ revision, ordinal: changes.length, op: write.op, resource });
    written.set(key, row);
    return row;
  });
  return {
    rows,
    changes,
    revision: changes.length === 0 ? view.revision : revision,
    lastSequence: following(events, view.lastSequence),
  };
}

function holds(expect: Expectation, found: ResourceRow | undefined): boolean {
  switch (expect) {
    case 'any':
      return true;
    case 'absent':
      return found === undefined;
    case 'present':
      return found !== undefined;
    default:
      return found?.version === expect;
  }
}

function put(
  { kind, id, json }: Extract<WriteRow, { op: 'put' }>,
  found: ResourceRow | undefined,
  version: number,
  now: number,
): ResourceRow {
  return { kind, id, version, createdAt: found?.createdAt ?? now, updatedAt: now, json };
}

function conflict({ kind, id, expect }: WriteRow, found: ResourceRow | undefined): RoundhouseError {
  return storeError('VERSION_CONFLICT', {
    details: { kind, id, expected: expect, found: found?.version ?? 'absent' },
  });
}

function following(events: readonly EventRow[], last: number): number {
  for (const { sequence } of events) {
    if (sequence !== last + 1) throw storeError('EVENT_SEQUENCE_CONFLICT', { details: { last, found: sequence } });
    last = sequence;
  }
  return last;
}
