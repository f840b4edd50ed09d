import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { AuditRecord } from '../../record/entry.ts';
import type { Found, Opened } from '../backend.ts';
import { facetWords, searchedText } from '../facets.ts';
import type { Find } from '../terms.ts';
import { matchOf } from './match.ts';

/** Primary result codes, https://sqlite.org/rescode.html: ERROR is what a table says that is not there. */
const SQLITE = { ERROR: 1, CORRUPT: 11, NOTADB: 26 } as const;
/** Another layout of the tables, or of the words in them, gets another number: a file of another one is made anew. */
const SCHEMA = 1;
/** Numbers that one row of `spans` tells the times of. */
const SPAN = 1_024;
/** Rows that are deleted at a time. */
const DELETE_SLICE = 2_000;
/** Pages that one step of putting the index in order goes through (https://sqlite.org/fts5.html#the_merge_command). */
const MERGE_PAGES = 500;
/** Words held in memory before they are written, bytes: the default of 1 MiB has ten times the merging. */
const HASH_BYTES = 16_000_000;

/**
 * An index on a table whose key is `seq` ends with it by itself. The inverted index has a list of numbers for each word:
 * of several words the lists are gone through together in the order of `seq`, so a page costs what it shows, whatever is
 * asked. It holds no text: `records` does.
 */
const TABLES = `
CREATE TABLE state (schema INTEGER NOT NULL, journal TEXT NOT NULL, next_seq INTEGER NOT NULL) STRICT;
CREATE TABLE records (seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, json TEXT NOT NULL) STRICT;
CREATE TABLE spans (first INTEGER PRIMARY KEY, min_time INTEGER NOT NULL, max_time INTEGER NOT NULL) STRICT;
CREATE VIRTUAL TABLE words USING fts5 (
  facets, text, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2"
);
INSERT INTO words (words, rank) VALUES ('hashsize', ${HASH_BYTES});
`;

/** The file of an index. Synchronous: it lives in a thread of its own. Raises the errors of node:sqlite. */
export class IndexDatabase {
  readonly #sqlite: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** For one that writes. A file of another journal or layout, or one that is no index at all, begins anew. */
  static open(directory: string, journal: string): { database: IndexDatabase; opened: Opened } {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const isLast of [false, true]) {
      let database: IndexDatabase | undefined;
      try {
        database = new IndexDatabase(directory, false);
        const opened = database.#begin(journal);
        if (opened !== undefined) return { database, opened };
      } catch (error) {
        if (isLast || !(isCorrupt(error) || isError(error, SQLITE.ERROR))) {
          database?.close();
          throw error;
        }
      }
      database?.close();
      removeIndex(directory);
    }
    throw new Error('an index that was made anew is not one');
  }

  /** For one that reads beside the one that writes. */
  static reader(directory: string): IndexDatabase {
    return new IndexDatabase(directory, true);
  }

  private constructor(directory: string, readOnly: boolean) {
    const file = fileOf(directory);
    this.#sqlite = new DatabaseSync(file, { readOnly, timeout: 5_000 });
    // KiB: the lists of some common words stay in memory.
    this.#sqlite.exec('PRAGMA cache_size = -16384');
    if (readOnly) return;
    chmodSync(file, 0o600);
    // A power cut may take the last moments, which come again out of the journal. What is deleted is overwritten.
    this.#sqlite.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON');
    this.#sqlite.exec('PRAGMA trusted_schema = OFF');
  }

  get bytes(): number {
    const pages = this.#get<{ page_count: number }>('PRAGMA page_count')?.page_count ?? 0;
    return pages * (this.#get<{ page_size: number }>('PRAGMA page_size')?.page_size ?? 0);
  }

  /** Takes records, each as JSON, and goes on with `nextSeq`: both or neither. */
  add(records: readonly string[], nextSeq: number): void {
    this.#transaction(() => {
      const spans = new Map<number, { min: number; max: number }>();
      for (const json of records) {
        const record = JSON.parse(json) as AuditRecord;
        const { seq } = record;
        const time = Date.parse(record.time);
        this.#run('INSERT INTO records VALUES (?, ?, ?)', seq, time, json);
        this.#run(
          'INSERT INTO words (rowid, facets, text) VALUES (?, ?, ?)',
          seq,
          facetWords(record),
          searchedText(record),
        );
        const first = seq - (seq % SPAN);
        const span = spans.get(first);
        if (span === undefined) spans.set(first, { min: time, max: time });
        else {
          span.min = Math.min(span.min, time);
          span.max = Math.max(span.max, time);
        }
      }
      for (const [first, { min, max }] of spans) {
        this.#run(
          `INSERT INTO spans VALUES (?, ?, ?) ON CONFLICT (first) DO UPDATE
           SET min_time = min(min_time, excluded.min_time), max_time = max(max_time, excluded.max_time)`,
          first,
          min,
          max,
        );
      }
      this.#run('UPDATE state SET next_seq = ?', nextSeq);
    });
  }

  find(find: Find, isWhole: boolean): Found {
    const { terms, since, until, order, limit } = find;
    const match = matchOf(terms);
    const range = this.#rangeOf(find);
    if (range === undefined) return { seqs: [], records: [] };
    const direction = order === 'newest' ? 'DESC' : 'ASC';
    const columns = isWhole ? 'r.seq, r.json' : 'r.seq';
    // In this order of the tables, which the planner must not change: the index gives the order, and is not sorted.
    const sql =
      match === undefined
        ? `SELECT ${columns} FROM records r WHERE r.seq BETWEEN ? AND ? AND r.time >= ? AND r.time < ?
           ORDER BY r.seq ${direction} LIMIT ?`
        : `SELECT ${columns} FROM words w CROSS JOIN records r ON r.seq = w.rowid
           WHERE w.words MATCH ? AND w.rowid BETWEEN ? AND ? AND r.time >= ? AND r.time < ?
           ORDER BY w.rowid ${direction} LIMIT ?`;
    // A number is bound as a double, which FTS5 does not take for the bound of a list: it would go through all of it.
    const values = [BigInt(range.first), BigInt(range.last), since, until, limit];
    const rows = this.#all<{ seq: number; json: string }>(sql, ...(match === undefined ? values : [match, ...values]));
    return { seqs: rows.map(({ seq }) => seq), records: isWhole ? rows.map(({ json }) => json) : [] };
  }

  /** Numbers of the records from `from` to before `to`, which are deleted: gives whether there were any. */
  forget(from: number, to: number): boolean {
    let isAny = false;
    for (;;) {
      const seqs = this.#all<{ seq: number }>(
        `SELECT seq FROM records WHERE seq >= ? AND seq < ? ORDER BY seq LIMIT ${DELETE_SLICE}`,
        from,
        to,
      );
      if (seqs.length === 0) break;
      isAny = true;
      this.#transaction(() => {
        for (const { seq } of seqs) {
          this.#run('DELETE FROM words WHERE rowid = ?', seq);
          this.#run('DELETE FROM records WHERE seq = ?', seq);
        }
      });
    }
    if (isAny) this.#run('DELETE FROM spans WHERE first >= ? AND first + ? <= ?', from, SPAN, to);
    return isAny;
  }

  /** A deleted record's words stay on the disk until the lists are written anew: one step of that. True when all is done. */
  purge(isFirst: boolean): boolean {
    const before = this.#changes();
    this.#run(`INSERT INTO words (words, rank) VALUES ('merge', ?)`, isFirst ? -MERGE_PAGES : MERGE_PAGES);
    // https://sqlite.org/fts5.html#the_merge_command: less than two changes say that there is nothing left to merge.
    if (this.#changes() - before >= 2) return false;
    this.#sqlite.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    return true;
  }

  close(): void {
    this.#statements.clear();
    if (this.#sqlite.isOpen) this.#sqlite.close();
  }

  /** Undefined when it is of another journal or layout. */
  #begin(journal: string): Opened | undefined {
    const tables = this.#all<{ name: string }>('SELECT name FROM sqlite_schema').map(({ name }) => name);
    if (tables.length === 0) {
      this.#transaction(() => {
        this.#sqlite.exec(TABLES);
        this.#run('INSERT INTO state VALUES (?, ?, 0)', SCHEMA, journal);
      });
    } else if (!['records', 'spans', 'state', 'words'].every((name) => tables.includes(name))) return undefined;
    const state = this.#get<Record<string, unknown>>('SELECT * FROM state');
    if (state?.['schema'] !== SCHEMA || state['journal'] !== journal) return undefined;
    const last = this.#get<{ json: string }>('SELECT json FROM records ORDER BY seq DESC LIMIT 1');
    const { seq, id } = last === undefined ? {} : (JSON.parse(last.json) as AuditRecord);
    return {
      nextSeq: Number(state['next_seq']),
      last: seq === undefined || id === undefined ? undefined : { seq, id },
    };
  }

  /** Numbers between which the records of a time are, and some others; undefined when there are none. */
  #rangeOf({ from, to, since, until }: Find): { first: number; last: number } | undefined {
    const row = this.#get<{ first: number | null; last: number | null }>(
      `SELECT (SELECT first FROM spans WHERE max_time >= ? ORDER BY first LIMIT 1) AS first,
              (SELECT first FROM spans WHERE min_time < ? ORDER BY first DESC LIMIT 1) AS last`,
      since,
      until,
    );
    if (row === undefined || row.first === null || row.last === null) return undefined;
    return { first: Math.max(from, row.first), last: Math.min(to, row.last + SPAN) - 1 };
  }

  #changes(): number {
    return this.#get<{ n: number }>('SELECT total_changes() AS n')?.n ?? 0;
  }

  #transaction(work: () => void): void {
    this.#sqlite.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#sqlite.exec('COMMIT');
    } catch (error) {
      if (this.#sqlite.isTransaction) this.#sqlite.exec('ROLLBACK');
      throw error;
    }
  }

  #all<T>(sql: string, ...values: SQLInputValue[]): T[] {
    return this.#prepared(sql).all(...values) as T[];
  }

  #get<T>(sql: string, ...values: SQLInputValue[]): T | undefined {
    return this.#prepared(sql).get(...values) as T | undefined;
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#prepared(sql).run(...values);
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, (statement = this.#sqlite.prepare(sql)));
    return statement;
  }
}

export function removeIndex(directory: string): void {
  for (const ending of ['', '-wal', '-shm']) rmSync(fileOf(directory) + ending, { force: true });
}

/** Whether what SQLite says means that the file is no good. */
export function isCorrupt(error: unknown): boolean {
  return isError(error, SQLITE.CORRUPT) || isError(error, SQLITE.NOTADB);
}

function isError(error: unknown, code: number): boolean {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return false;
  // The low byte of an extended result code is the primary one.
  return (Number(error.errcode) & 0xff) === code;
}

function fileOf(directory: string): string {
  return join(directory, 'search.db');
}
