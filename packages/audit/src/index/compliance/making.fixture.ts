import { FakeClock } from '@roundhouse/testing';
import { expect } from 'vitest';
import type { IndexBed } from '../bed.fixture.ts';
import type { IndexProgress } from '../contract.ts';
import type { IndexCase, MakeBed } from './case.fixture.ts';

const entries = (count: number) => Array.from({ length: count }, (_, n) => ({ details: { said: `word${n}` } }));

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

/** All that an index answers, for comparing two. */
export async function answers(own: IndexBed): Promise<unknown> {
  return [
    await own.seqs(),
    await own.seqs({ class: 'access', order: 'oldest' }),
    await own.seqs({ text: 'word7' }),
    await own.seqs({ user: 'ada', text: 'wor*' }),
  ];
}

/** How every index is made, made anew, and forgets. */
export function makingCases(make: MakeBed): readonly IndexCase[] {
  return [
    {
      title: 'an index made at once answers as one made record by record, and as one that was made anew',
      async run() {
        await using bed = await make();
        for (const entry of entries(40)) {
          bed.journal.append(entry);
          await bed.seqs({ limit: 1 });
        }
        const incremental = await answers(bed);
        const told: IndexProgress[] = [];
        await bed.index.rebuild((progress) => told.push(progress), bed.scope);
        expect(await answers(bed)).toEqual(incremental);
        expect(told[0]).toEqual({ done: 0, total: 40 });
        expect(told.at(-1)).toEqual({ done: 40, total: 40 });
      },
    },
    {
      title: 'an index goes on where it was when it is opened again, and reads nothing twice',
      async run() {
        await using bed = await make();
        bed.journal.append(...entries(30));
        await bed.seqs();
        await bed.close();
        bed.journal.append(...entries(5));
        const { reads } = bed.journal;
        expect(await bed.seqs()).toHaveLength(35);
        // The last record that is in it, to see whose it is, and what is new.
        expect(bed.journal.reads - reads).toBeLessThanOrEqual(2);
        expect(bed.index.status()).toMatchObject({ state: 'current', next_seq: 35, behind: 0, lag_ms: 0, skipped: 0 });
        expect(bed.index.status().bytes).toBeGreaterThan(0);
      },
    },
    {
      title: 'an index of other records than the journal begins anew',
      async run() {
        await using bed = await make();
        bed.journal.append(...entries(10));
        await bed.seqs();
        await bed.close();
        bed.journal.records.length = 0;
        bed.journal.append(...entries(3));
        expect(await bed.seqs()).toEqual([2, 1, 0]);
        await bed.close();
        bed.journal.records.splice(0, 3, ...bed.journal.records.map((record) => ({ ...record, id: `x${record.id}` })));
        expect((await bed.index.query({ limit: 1 }, bed.scope)).records[0]?.id).toMatch(/^x/);
      },
    },
    {
      title: 'an index leaves out what cannot be read because of damage, and says how much',
      async run() {
        await using bed = await make();
        const { journal } = bed;
        journal.append(...entries(30));
        journal.begins.push(10, 20);
        journal.damaged.add(1);
        expect(await bed.seqs({ order: 'oldest' })).toEqual([...range(0, 10), ...range(20, 30)]);
        expect(bed.index.status()).toMatchObject({ state: 'current', behind: 0, skipped: 10 });
      },
    },
    {
      title: 'an index closes twice, with something still to do, leaves no timer, and goes on later',
      async run() {
        const clock = new FakeClock();
        await using bed = await make(undefined, clock);
        bed.journal.append(...entries(5_000));
        const { index } = bed;
        await Promise.all([index.close(), index.close()]);
        expect(clock.pendingTimers).toBe(0);
        expect(index.status().state).toBe('closed');
        await expect(index.query({}, bed.scope)).rejects.toMatchObject({ code: 'AUDIT_CLOSED' });
        await bed.close();
        expect(await bed.seqs({ text: 'word4999' })).toEqual([4_999]);
      },
    },
    {
      title: 'an index takes as much as comes at once',
      async run() {
        await using bed = await make();
        await bed.index.sync();
        for (let n = 0; n < 100; n++) bed.journal.append(...entries(70));
        expect(await bed.seqs({ limit: 3 })).toEqual([6_999, 6_998, 6_997]);
        expect(await bed.seqs({ text: 'word69', order: 'oldest' })).toHaveLength(100);
      },
    },
    {
      title: 'what was pruned is not found any more',
      async run() {
        await using bed = await make();
        const { journal, index } = bed;
        journal.append({ details: { said: 'prunedword' } }, ...entries(20), { details: { said: 'keptword' } });
        expect(await bed.seqs({ text: 'prunedword' })).toEqual([0]);
        journal.begins.push(10);
        journal.first = 10;
        await index.sync();
        expect(await bed.seqs({ order: 'oldest' })).toEqual(range(10, 22));
        expect(await bed.seqs({ text: 'prunedword' })).toEqual([]);
        expect(await bed.seqs({ text: 'keptword' })).toEqual([21]);
      },
    },
    {
      title: 'what was erased is not found any more, also when that is found out at an opening',
      async run() {
        await using bed = await make();
        const { journal } = bed;
        journal.append(...entries(50), { details: { said: 'erasedword' }, host: 'erasedhost' }, ...entries(10));
        journal.begins.push(50, 55);
        expect(await bed.seqs({ host: 'erasedhost', text: 'erasedword' })).toEqual([50]);
        await bed.close();
        journal.erased.add(1);
        await bed.index.sync();
        expect(await bed.seqs({ order: 'oldest' })).toEqual([...range(0, 50), ...range(55, 61)]);
        for (const query of [{ host: 'erasedhost' }, { text: 'erasedword' }]) expect(await bed.seqs(query)).toEqual([]);
        journal.append({});
        await bed.index.rebuild(() => {}, bed.scope);
        expect(await bed.seqs({ order: 'oldest' })).toEqual([...range(0, 50), ...range(55, 62)]);
      },
    },
    {
      title: 'a follower gets what is there and what comes, each once and in order, and ends with its scope',
      async run() {
        await using bed = await make();
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
      },
    },
  ];
}
