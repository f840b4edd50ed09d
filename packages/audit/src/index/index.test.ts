import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type LogFields, type Logger, silentLogger } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IndexBed } from './bed.fixture.ts';
import { indexCompliance } from './compliance.fixture.ts';
import { answers, range } from './compliance/making.fixture.ts';
import { MemoryJournal } from './memoryJournal.fixture.ts';

let bed: IndexBed;
beforeEach(async () => {
  bed = await IndexBed.make();
});
afterEach(() => bed[Symbol.asyncDispose]());

const entries = (count: number) => Array.from({ length: count }, (_, n) => ({ details: { said: `word${n}` } }));

describe('the index in SQLite', { timeout: 60_000 }, () => {
  it.each(indexCompliance((...args) => IndexBed.make(...args)))('$title', ({ run }) => run());
});

describe('an index in a file', () => {
  it('is for its owner alone', async () => {
    await bed.seqs();
    expect((await stat(bed.directory)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(bed.directory)) {
      expect((await stat(join(bed.directory, name))).mode & 0o077).toBe(0);
    }
  });

  it('leaves one file when it is closed', async () => {
    bed.journal.append(...entries(3));
    await bed.seqs();
    await bed.close();
    expect(await readdir(bed.directory)).toEqual(['search.db']);
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
    await using index = other.open(bed.journal, log, { directory: blocked });
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
});

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
