import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { createScope, Secret, silentLogger, systemClock } from '@roundhouse/core';
import { type Postgres, postgresAvailable, startPostgres } from '@roundhouse/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openJournal } from '../../journal/open.ts';
import { entryOf } from '../../record/entry.fixture.ts';
import { IndexBed, type TestPlace } from '../bed.fixture.ts';
import type { MakeBed } from '../compliance/case.fixture.ts';
import { indexCompliance } from '../compliance.fixture.ts';
import { MemoryJournal } from '../memoryJournal.fixture.ts';
import { openIndex } from '../open.ts';

const SCHEMA = '"roundhouse_audit_journal-1"';
const entries = (count: number) => Array.from({ length: count }, (_, n) => ({ details: { said: `word${n}` } }));

describe.skipIf(!postgresAvailable())('the index in PostgreSQL', { timeout: 120_000 }, () => {
  let server: Postgres;
  let admin: pg.Client;
  beforeAll(async () => {
    server = await startPostgres({ fsync: false });
    admin = new pg.Client(server.url());
    admin.on('error', () => {});
    await admin.connect();
  });
  afterAll(async () => {
    await admin?.end();
    await server?.close();
  });

  let databases = 0;
  /** A database for each: the journals of the tests have one name. */
  const place = async (): Promise<TestPlace> => {
    const name = `index_${databases++}`;
    const url = await server.createDatabase(name);
    return {
      options: { postgres: new Secret(url) },
      remove: async () => void (await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)),
    };
  };
  const make: MakeBed = (journal, clock) => IndexBed.make(journal, clock, place);
  const shared = async (): Promise<TestPlace> => {
    await admin.query(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE`);
    return { options: { postgres: new Secret(server.url()) }, remove: async () => {} };
  };

  it.each(indexCompliance(make, { runs: 4 }))('$title', ({ run }) => run());

  it.each([
    ['of another layout', `UPDATE ${SCHEMA}.state SET layout = 999`],
    ['of another journal', `UPDATE ${SCHEMA}.state SET journal = 'other'`],
    ['without its records', `DROP TABLE ${SCHEMA}.records`],
    ['ahead of the journal', `UPDATE ${SCHEMA}.state SET next_seq = 99`],
    ['gone', `DROP SCHEMA ${SCHEMA} CASCADE`],
  ])('that is %s begins anew', async (_, spoil) => {
    await using bed = await IndexBed.make(undefined, systemClock, shared);
    bed.journal.append(...entries(10));
    expect(await bed.seqs({ text: 'word7' })).toEqual([7]);
    await bed.close();
    await admin.query(spoil);
    expect(await bed.seqs({ text: 'word7' })).toEqual([7]);
    expect(await bed.seqs()).toHaveLength(10);
  });

  it('that finds its tables gone while it is in use makes them anew', async () => {
    await using bed = await IndexBed.make(undefined, systemClock, shared);
    bed.journal.append(...entries(10));
    await bed.seqs();
    await admin.query(`DROP SCHEMA ${SCHEMA} CASCADE`);
    bed.journal.append(...entries(3));
    await expect.poll(() => bed.seqs({ text: 'word9' }).catch(() => 'failing'), { timeout: 20_000 }).toEqual([9]);
    expect(bed.index.status()).toMatchObject({ state: 'current', next_seq: 13 });
  });

  it('goes on by itself when all its connections are cut', async () => {
    await using bed = await IndexBed.make(undefined, systemClock, shared);
    bed.journal.append(...entries(10));
    await bed.seqs();
    await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
    bed.journal.append(...entries(2));
    await expect.poll(() => bed.seqs({ limit: 2 }).catch(() => 'failing'), { timeout: 20_000 }).toEqual([11, 10]);
  });

  it('has one writer, and says so to another', async () => {
    await using bed = await IndexBed.make(undefined, systemClock, shared);
    bed.journal.append(...entries(3));
    await bed.seqs();
    await using other = bed.open();
    await expect
      .poll(() => other.status(), { timeout: 20_000 })
      .toMatchObject({ state: 'failed', reason: 'another process writes this index' });
    await bed.close();
    await expect.poll(() => other.status().state, { timeout: 20_000 }).toBe('current');
  });

  it('of one journal is not that of another', async () => {
    const [here, there] = [new MemoryJournal(), new MemoryJournal()];
    there.id = 'journal-2';
    const postgres = new Secret(server.url());
    await using one = openIndex({ postgres }, { journal: here, clock: systemClock, log: silentLogger });
    await using two = openIndex({ postgres }, { journal: there, clock: systemClock, log: silentLogger });
    await using bed = await IndexBed.make();
    here.append({ host: 'here' });
    there.append({ host: 'there' }, {});
    const seqs = async (index: typeof one, host: string): Promise<readonly number[]> =>
      (await index.query({ host }, bed.scope)).records.map(({ seq }) => seq);
    expect([await seqs(one, 'here'), await seqs(one, 'there')]).toEqual([[0], []]);
    expect([await seqs(two, 'here'), await seqs(two, 'there')]).toEqual([[], [0]]);
  });

  it('has nothing in its tables of what was forgotten', async () => {
    await using bed = await IndexBed.make(undefined, systemClock, shared);
    const { journal } = bed;
    journal.append(...entries(50), { details: { said: 'erasedword' } }, { details: { said: 'keptword' } });
    journal.begins.push(50, 51);
    await bed.seqs();
    journal.erased.add(1);
    await bed.index.sync();
    // All pages of table and lists, as they are on the disk.
    await admin.query('CREATE EXTENSION IF NOT EXISTS pageinspect');
    const bytes = async (relation: string): Promise<Buffer> => {
      const name = `${SCHEMA}.${relation}`;
      const { rows } = await admin.query<{ page: Buffer }>(
        `SELECT get_raw_page($1::text, page::integer) AS page
         FROM generate_series(0, pg_relation_size($1::text::regclass) / current_setting('block_size')::integer - 1) AS page`,
        [name],
      );
      return Buffer.concat(rows.map(({ page }) => page));
    };
    for (const relation of ['records', 'words']) {
      const found = await bytes(relation);
      expect([found.includes('erasedword'), found.includes('keptword')], relation).toEqual([false, true]);
    }
  });

  it('has neither secrets nor what is personal in its tables: plain, in hex or base64', async () => {
    const postgres = new Secret(await server.createDatabase('hidden'));
    const directory = await mkdtemp(join(tmpdir(), 'audit-postgres-'));
    const deps = { clock: systemClock, log: silentLogger };
    await using parts = new AsyncDisposableStack();
    parts.defer(() => rm(directory, { recursive: true }));
    const journal = await openJournal({ directory }, deps);
    parts.defer(() => journal.close());
    await journal.append(
      entryOf({
        details: { password: 'hunter2hunter2', token: new Secret('sekrettoken'), said: 'visibleword' },
        reason: 'card 4111 1111 1111 1111 of 219-09-9999 refused',
        personal: { mail: 'grace.hopper@example.org' },
        subject: 'person-1',
      }),
    );
    const index = openIndex({ postgres }, { ...deps, journal });
    parts.defer(() => index.close());
    const scope = parts.use(createScope({ timeoutMs: 60_000 }));
    expect((await index.query({ text: 'visibleword' }, scope)).records).toHaveLength(1);
    const client = new pg.Client(postgres.reveal());
    client.on('error', () => {});
    await client.connect();
    parts.defer(() => client.end());
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname LIKE 'roundhouse%'`,
    );
    let text = '';
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
      text += rows.map(({ row }) => row).join('\n');
    }
    const spellings = (word: string): readonly string[] => [
      word,
      Buffer.from(word).toString('hex'),
      Buffer.from(word).toString('base64').slice(0, -4),
    ];
    expect(spellings('visibleword').some((each) => text.includes(each))).toBe(true);
    for (const word of ['hunter2hunter2', 'sekrettoken', '4111 1111 1111', '219-09-9999', 'grace.hopper']) {
      expect(spellings(word).filter((each) => text.includes(each))).toEqual([]);
    }
  });

  it('names no password in what it fails with', async () => {
    const url = new URL(server.url());
    [url.username, url.password] = ['nobody', 'hunter2'];
    const lines: unknown[] = [];
    const warn = (...line: unknown[]): void => void lines.push(line);
    const deps = { journal: new MemoryJournal(), clock: systemClock, log: { ...silentLogger, warn } };
    await using bed = await IndexBed.make();
    await using index = openIndex({ postgres: new Secret(url.href) }, deps);
    await expect.poll(() => index.status().state, { timeout: 20_000 }).toBe('failed');
    const error = await index.query({}, bed.scope).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'AUDIT_INDEX_UNAVAILABLE', retryable: true });
    expect(inspect([error, lines, index.status()], { depth: 10, showHidden: true })).not.toContain('hunter2');
  });
});
