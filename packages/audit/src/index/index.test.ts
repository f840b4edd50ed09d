import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type LogFields, type Logger, silentLogger } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IndexBed } from './bed.fixture.ts';
import type { IndexProgress } from './contract.ts';
import { MemoryJournal } from './memoryJournal.fixture.ts';

let bed: IndexBed;
beforeEach(async () => {
  bed = await IndexBed.make();
});
afterEach(() => bed[Symbol.asyncDispose]());

const entries = (count: number) => Array.from({ length: count }, (_, n) => ({ details: { said: `word${n}` } }));

/** All that an index answers, for comparing two. */
async function answers(own: IndexBed): Promise<unknown> {
  return [
    await own.seqs(),
    await own.seqs({ class: 'access', order: 'oldest' }),
    await own.seqs({ text: 'word7' }),
    await own.seqs({ user: 'ada', text: 'wor*' }),
  ];
}

describe('an index', () => {
  it('is for its owner alone', async () => {
    await bed.seqs();
    expect((await stat(bed.directory)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(bed.directory)) {
      expect((await stat(join(bed.directory, name))).mode & 0o077).toBe(0);
    }
  });

  it('made at once answers as one made record by record, and as one that was made anew', async () => {
    for (const entry of entries(40)) {
      bed.journal.append(entry);
      await bed.seqs({ limit: 1 });
    }
    const incremental = await answers(bed);
    await using other = await IndexBed.make(bed.journal);
    expect(await answers(other)).toEqual(incremental);
    const told: IndexProgress[] = [];
    await bed.index.rebuild((progress) => told.push(progress), bed.scope);
    expect(await answers(bed)).toEqual(incremental);
    expect(told[0]).toEqual({ done: 0, total: 40 });
    expect(told.at(-1)).toEqual({ done: 40, total: 40 });
  });

  it('leaves one file when it is closed', async () => {
    bed.journal.append(...entries(3));
    await bed.seqs();
    await bed.close();
    expect(await readdir(bed.directory)).toEqual(['search.db']);
  });

  it('goes on where it was when it is opened again, and reads nothing twice', async () => {
    bed.journal.append(...entries(30));
    await bed.seqs();
    await bed.close();
    bed.journal.append(...entries(5));
    const [log, lines] = listening();
    await using again = bed.open(bed.journal, log);
    expect((await again.query({}, bed.scope)).records).toHaveLength(35);
    expect(lines).toEqual([]);
    expect(again.status()).toMatchObject({ state: 'current', next_seq: 35, behind: 0, lag_ms: 0, skipped: 0 });
  });

  it.each<[what: string, spoil: (own: IndexBed) => Promise<void>]>([
    ['no database', (own) => writeFile(join(own.directory, 'search.db'), 'x'.repeat(10_000))],
    ['an empty file', (own) => writeFile(join(own.directory, 'search.db'), '')],
    ['of another layout', async (own) => change(own, 'UPDATE state SET schema = 999')],
    ['of another table', async (own) => change(own, 'DROP TABLE state; CREATE TABLE state (x)')],
    ['of another journal', async (own) => change(own, `UPDATE state SET journal = 'other'`)],
    ['without its words', async (own) => change(own, 'DROP TABLE words')],
    ['ahead of the journal', async (own) => change(own, 'UPDATE state SET next_seq = 99')],
    ['of other records', async (own) => change(own, `UPDATE records SET json = replace(json, 'journal-1-', 'other-')`)],
  ])('begins anew where the file is %s', async (_what, spoil) => {
    bed.journal.append(...entries(10));
    const before = await answers(bed);
    await bed.close();
    await spoil(bed);
    expect(await answers(bed)).toEqual(before);
  });

  it('that finds its file spoiled while it is in use makes it anew', async () => {
    bed.journal.append(...entries(3_000));
    await bed.seqs();
    const file = join(bed.directory, 'search.db');
    change(bed, 'PRAGMA wal_checkpoint(TRUNCATE)');
    const { size } = await stat(file);
    await writeFile(file, Buffer.alloc(size, 0xff), { flag: 'r+' });
    bed.journal.append(...entries(10));
    await expect
      .poll(() => bed.seqs({ text: 'word2999' }).catch(() => 'failing'), { timeout: 20_000 })
      .toEqual([2_999]);
    expect(bed.index.status()).toMatchObject({ state: 'current', next_seq: 3_010 });
  }, 30_000);

  it('says what it cannot do, and goes on when it can', async () => {
    const blocked = join(bed.directory, '..', 'blocked');
    await writeFile(blocked, '');
    const clock = new FakeClock();
    await using other = await IndexBed.make(bed.journal, clock);
    bed.journal.append(...entries(3));
    const [log, lines] = listening();
    await using index = other.open(bed.journal, log, blocked);
    await expect.poll(() => index.status()).toMatchObject({ state: 'failed', behind: 3 });
    await expect(index.query({}, other.scope)).rejects.toMatchObject({
      code: 'AUDIT_INDEX_UNAVAILABLE',
      retryable: true,
    });
    expect(lines).toHaveLength(1);
    await index.close();
    expect(clock.pendingTimers).toBe(0);
    expect(index.status().state).toBe('closed');
    await expect(index.query({}, other.scope)).rejects.toMatchObject({ code: 'AUDIT_CLOSED' });
  });

  it('leaves out what cannot be read because of damage, and says how much', async () => {
    const { journal } = bed;
    journal.append(...entries(30));
    journal.begins.push(10, 20);
    journal.damaged.add(1);
    expect(await bed.seqs({ order: 'oldest' })).toEqual([...range(0, 10), ...range(20, 30)]);
    expect(bed.index.status()).toMatchObject({ state: 'current', behind: 0, skipped: 10 });
  });

  it('waits for more records a moment, unless somebody asks', async () => {
    const clock = new FakeClock();
    await using own = await IndexBed.make(new MemoryJournal(), clock);
    await own.index.sync();
    own.journal.append({});
    await expect.poll(() => clock.pendingTimers).toBe(2);
    await clock.advance(50);
    expect(own.index.status()).toMatchObject({ behind: 1, lag_ms: 50 });
    await clock.advance(50);
    await expect.poll(() => own.index.status()).toMatchObject({ behind: 0 });
    own.journal.append({});
    await expect.poll(() => clock.pendingTimers).toBe(2);
    expect(await own.seqs()).toEqual([1, 0]);
    await own.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('closes twice, and with something still to do', async () => {
    bed.journal.append(...entries(5_000));
    const { index } = bed;
    await Promise.all([index.close(), index.close()]);
    await bed.close();
    expect(await bed.seqs({ text: 'word4999' })).toEqual([4_999]);
  });

  it('takes as much as comes at once', async () => {
    await bed.index.sync();
    for (let n = 0; n < 100; n++) bed.journal.append(...entries(70));
    expect(await bed.seqs({ limit: 3 })).toEqual([6_999, 6_998, 6_997]);
    expect(await bed.seqs({ text: 'word69', order: 'oldest' })).toHaveLength(100);
  });
});

describe('what the journal has no more', () => {
  it('is not found, nor in the file, once it was pruned', async () => {
    const { journal, index } = bed;
    journal.append({ details: { said: 'prunedword' } }, ...entries(20), { details: { said: 'keptword' } });
    expect(await bed.seqs({ text: 'prunedword' })).toEqual([0]);
    journal.begins.push(10);
    journal.first = 10;
    await index.sync();
    expect(await bed.seqs({ order: 'oldest' })).toEqual(range(10, 22));
    expect(await bed.seqs({ text: 'prunedword' })).toEqual([]);
    const bytes = await bed.bytes();
    expect(bytes.includes('prunedword')).toBe(false);
    expect(bytes.includes('keptword')).toBe(true);
  });

  it('is not found, nor in the file, once it was erased', async () => {
    const { journal, index } = bed;
    // So few of so many that no merging by itself would write their lists anew.
    journal.append(...entries(500), { details: { said: 'erasedword' }, host: 'erasedhost' }, ...entries(10));
    journal.begins.push(500, 505);
    expect(await bed.seqs({ host: 'erasedhost', text: 'erasedword' })).toEqual([500]);
    journal.erased.add(1);
    await index.sync();
    expect(await bed.seqs({ order: 'oldest' })).toEqual([...range(0, 500), ...range(505, 511)]);
    for (const query of [{ host: 'erasedhost' }, { text: 'erasedword' }]) expect(await bed.seqs(query)).toEqual([]);
    const bytes = await bed.bytes();
    const facet = Buffer.from('erasedhost').toString('hex');
    for (const trace of ['erasedword', 'erasedhost', facet]) expect(bytes.includes(trace)).toBe(false);
    journal.append({});
    await index.rebuild(() => {}, bed.scope);
    expect(await bed.seqs({ order: 'oldest' })).toEqual([...range(0, 500), ...range(505, 512)]);
  });

  it('is found out when the index is opened', async () => {
    const { journal } = bed;
    journal.append(...entries(20));
    journal.begins.push(10);
    await bed.seqs();
    await bed.close();
    journal.erased.add(0);
    await bed.index.sync();
    expect(await bed.seqs({ order: 'oldest' })).toEqual(range(10, 20));
  });
});

describe('a follower', () => {
  it('gets what is there and what comes, each once and in order, and ends with its scope', async () => {
    const { journal, index } = bed;
    journal.append(...entries(1_200));
    using scope = bed.scope.child();
    const seen: number[] = [];
    const following = (async () => {
      for await (const records of index.follow({ class: 'access' }, 100, scope)) {
        seen.push(...records.map(({ seq }) => seq));
        if (seen.length === 1_100) journal.append({ class: 'data' }, {}, {});
        if (seen.at(-1) === 1_202) journal.append({});
        if (seen.at(-1) === 1_203) scope.end();
      }
    })();
    await expect(following).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(seen).toEqual([...range(100, 1_200), 1_201, 1_202, 1_203]);
  });
});

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

function change({ directory }: IndexBed, sql: string): void {
  const database = new DatabaseSync(join(directory, 'search.db'));
  try {
    database.exec(sql);
  } finally {
    database.close();
  }
}

function listening(): [Logger, Array<readonly [string, LogFields | undefined]>] {
  const lines: Array<readonly [string, LogFields | undefined]> = [];
  const take = (message: string, fields?: LogFields): void => void lines.push([message, fields]);
  return [{ ...silentLogger, warn: take, error: take }, lines];
}
