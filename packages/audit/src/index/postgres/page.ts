import type pg from 'pg';
import type { Found } from '../backend.ts';
import type { Find } from '../terms.ts';
import { SPAN } from './tables.ts';
import { queryOf } from './words.ts';

/**
 * Numbers that are gone through in order before the lists of words are asked. What is common is among them; of what is not,
 * the lists are short enough to be gone through and sorted. So no page depends on what the planner believes.
 */
const WINDOWS: readonly number[] = [512, 4_096];

/** Numbers from the first to the last. */
interface Range {
  readonly first: number;
  readonly last: number;
}

/** The records that are asked for, in order. */
export async function findIn(pool: pg.Pool, find: Find, isWhole: boolean): Promise<Found> {
  const range = await rangeOf(pool, find);
  const query = queryOf(find.terms);
  if (range === undefined || query === undefined) return { seqs: [], records: [] };
  const seqs: number[] = [];
  for (const [index, window] of windowsOf(range, find).entries()) {
    const isRest = index === WINDOWS.length;
    seqs.push(...(await seqsIn(pool, window, isRest, query, { ...find, limit: find.limit - seqs.length })));
    if (seqs.length >= find.limit) break;
  }
  return isWhole && seqs.length > 0 ? await recordsOf(pool, seqs) : { seqs, records: [] };
}

/** Numbers between which the records of a time are, and some others; undefined when there are none. */
async function rangeOf(pool: pg.Pool, { from, to, since, until }: Find): Promise<Range | undefined> {
  const { rows } = await pool.query<{ first: number | null; last: number | null }>(
    `SELECT (SELECT first FROM spans WHERE max_time >= $1 ORDER BY first LIMIT 1) AS first,
            (SELECT first FROM spans WHERE min_time < $2 ORDER BY first DESC LIMIT 1) AS last`,
    [since, until],
  );
  const { first, last } = rows[0] ?? {};
  if (typeof first !== 'number' || typeof last !== 'number') return undefined;
  const range = { first: Math.max(from, first), last: Math.min(to, last + SPAN) - 1 };
  return range.first <= range.last ? range : undefined;
}

/** A range in pieces, in the order that is asked for. */
function windowsOf({ first, last }: Range, { order }: Find): readonly Range[] {
  const windows: Range[] = [];
  let done = 0;
  for (const size of [...WINDOWS, Infinity]) {
    const [from, to] = [done, Math.min(done + size, last - first + 1)];
    if (from >= to) break;
    windows.push(
      order === 'oldest' ? { first: first + from, last: first + to - 1 } : { first: last - to + 1, last: last - from },
    );
    done = to;
  }
  return windows;
}

async function seqsIn(
  pool: pg.Pool,
  { first, last }: Range,
  isRest: boolean,
  query: string,
  { since, until, order, limit }: Find,
): Promise<readonly number[]> {
  const direction = order === 'newest' ? 'DESC' : 'ASC';
  const values = [first, last, since, until, limit, ...(query === '' ? [] : [query])];
  const isWanted = `time >= $3 AND time < $4${query === '' ? '' : ' AND words @@ $6::tsquery'}`;
  const inRange = 'FROM records WHERE seq BETWEEN $1 AND $2';
  // Materialized, so that the first are gone through in order, and the rest looked up, whatever is believed of the tables.
  const sql = isRest
    ? `WITH found AS MATERIALIZED (SELECT seq ${inRange} AND ${isWanted}) SELECT seq FROM found`
    : `WITH near AS MATERIALIZED (SELECT seq, time, words ${inRange}) SELECT seq FROM near WHERE ${isWanted}`;
  const { rows } = await pool.query<{ seq: number }>(`${sql} ORDER BY seq ${direction} LIMIT $5`, values);
  return rows.map(({ seq }) => seq);
}

/** Those that are still there: one may have been forgotten meanwhile. */
async function recordsOf(pool: pg.Pool, seqs: readonly number[]): Promise<Found> {
  const { rows } = await pool.query<{ seq: number; json: string }>(
    'SELECT seq, json FROM records WHERE seq = ANY ($1)',
    [seqs],
  );
  const texts = new Map(rows.map(({ seq, json }) => [seq, json]));
  const there = seqs.filter((seq) => texts.has(seq));
  return { seqs: there, records: there.map((seq) => texts.get(seq) as string) };
}
