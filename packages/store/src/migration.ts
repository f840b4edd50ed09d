import { createHash } from 'node:crypto';
import { storeError } from './errors.ts';

/** One step of a schema. Once released its text never changes: what follows is a step of its own. */
export interface Migration {
  /** Number and what it does, e.g. `0001-tables`. */
  readonly name: string;
  readonly sql: string;
}

/** A step that a database has behind it. */
export interface AppliedMigration {
  readonly name: string;
  readonly checksum: string;
}

export function checksum({ sql }: Migration): string {
  return createHash('sha256').update(sql).digest('hex');
}

/**
 * The steps still to be made, in order. Raises STORE_SCHEMA_NEWER for a database that is ahead of this version, and
 * STORE_SCHEMA_DIFFERS for one that came here another way.
 */
export function pendingMigrations(
  known: readonly Migration[],
  applied: readonly AppliedMigration[],
): readonly Migration[] {
  for (const [index, { name, checksum: found }] of applied.entries()) {
    const migration = known[index];
    if (migration === undefined) {
      throw storeError('STORE_SCHEMA_NEWER', { details: { found: name, known: known.at(-1)?.name ?? 'none' } });
    }
    if (migration.name !== name || checksum(migration) !== found) {
      throw storeError('STORE_SCHEMA_DIFFERS', { details: { migration: name } });
    }
  }
  return known.slice(applied.length);
}
