import type pg from 'pg';
import type { AuditRecord } from '../../record/entry.ts';
import type { OpenedIndex } from '../backend.ts';
import { vectorOf } from './words.ts';

/** Another layout of the tables, or of the words in them, gets another number: one of another is made anew. */
const LAYOUT = 1;
/** Numbers that one row of `spans` tells the times of. */
export const SPAN = 1_024;

/** `words` has a list of rows for each word (GIN, PostgreSQL 15 §12.9). */
const TABLES = `
CREATE TABLE state (layout integer NOT NULL, journal text NOT NULL, next_seq bigint NOT NULL);
CREATE TABLE records (seq bigint PRIMARY KEY, time bigint NOT NULL, json text NOT NULL, words tsvector NOT NULL);
CREATE TABLE spans (first bigint PRIMARY KEY, min_time bigint NOT NULL, max_time bigint NOT NULL);
CREATE INDEX words ON records USING gin (words);
`;

/** Makes the tables anew, within a transaction. */
export async function createTables(client: pg.Client, schema: string, journal: string): Promise<OpenedIndex> {
  const name = client.escapeIdentifier(schema);
  await client.query(`DROP SCHEMA IF EXISTS ${name} CASCADE; CREATE SCHEMA ${name}`);
  await client.query(TABLES);
  await client.query('INSERT INTO state VALUES ($1, $2, 0)', [LAYOUT, journal]);
  return { nextSeq: 0, last: undefined, bytes: await bytesOf(client) };
}

interface StateRow {
  readonly layout: number;
  readonly journal: string;
  readonly next_seq: number;
}

/** Undefined when there are no tables, or others. */
export async function readState(client: pg.Client, schema: string, journal: string): Promise<OpenedIndex | undefined> {
  const tables = await client.query<{ name: string }>(
    'SELECT tablename::text AS name FROM pg_tables WHERE schemaname = $1',
    [schema],
  );
  const names = new Set(tables.rows.map(({ name }) => name));
  if (!['records', 'spans', 'state'].every((name) => names.has(name))) return undefined;
  const { rows } = await client.query<StateRow>('SELECT * FROM state');
  const [state] = rows;
  if (state?.layout !== LAYOUT || state.journal !== journal) return undefined;
  const last = await client.query<{ json: string }>('SELECT json FROM records ORDER BY seq DESC LIMIT 1');
  const record = last.rows[0] && (JSON.parse(last.rows[0].json) as AuditRecord);
  return {
    nextSeq: state.next_seq,
    last: record && { seq: record.seq, id: record.id },
    bytes: await bytesOf(client),
  };
}

/** Takes records, each as JSON, within a transaction. */
export async function insertRecords(client: pg.Client, texts: readonly string[], nextSeq: number): Promise<void> {
  const records = texts.map((json) => JSON.parse(json) as AuditRecord);
  if (records.length > 0) {
    const times = records.map(({ time }) => Date.parse(time));
    await client.query(
      `INSERT INTO records SELECT seq, time, json, words::tsvector
       FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[]) AS new (seq, time, json, words)`,
      [records.map(({ seq }) => seq), times, texts, records.map(vectorOf)],
    );
    await client.query(
      `INSERT INTO spans SELECT seq - seq % $3, min(time), max(time)
       FROM unnest($1::bigint[], $2::bigint[]) AS new (seq, time) GROUP BY 1
       ON CONFLICT (first) DO UPDATE SET min_time = least(spans.min_time, excluded.min_time),
         max_time = greatest(spans.max_time, excluded.max_time)`,
      [records.map(({ seq }) => seq), times, SPAN],
    );
  }
  await client.query('UPDATE state SET next_seq = $1', [nextSeq]);
}

export async function bytesOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ bytes: number }>(`SELECT pg_total_relation_size('records') AS bytes`);
  return rows[0]?.bytes ?? 0;
}
