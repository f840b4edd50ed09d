import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canonicalJson, type JsonObject } from '../record/canonical.ts';
import { IndexBed } from './bed.fixture.ts';
import { exportText } from './export.ts';

let bed: IndexBed;
beforeEach(async () => {
  bed = await IndexBed.make();
});
afterEach(() => bed[Symbol.asyncDispose]());

const lines = (seqs: readonly number[]): string =>
  seqs.map((seq) => `${canonicalJson(bed.journal.records[seq] as unknown as JsonObject)}\n`).join('');

describe('an export', () => {
  it('without a query is the journal, record for record, and asks no index', async () => {
    bed.journal.append({ details: { z: 1, a: ['ü', 0.1] } }, {}, {});
    expect(await bed.export()).toBe(lines([0, 1, 2]));
    expect(bed.journal.records[0]?.seq).toBe(0);
  });

  it('of a query is what the journal has of it, oldest first', async () => {
    const hosts = Array.from({ length: 2_500 }, (_, n) => ({ host: n % 3 === 0 ? 'a' : 'b' }));
    bed.journal.append(...hosts);
    const wanted = bed.journal.records.flatMap(({ seq, host }) => (host === 'a' ? [seq] : []));
    const reads = bed.journal.reads;
    expect(await bed.export({ host: 'a' })).toBe(lines(wanted));
    // What lies close together is read together.
    expect(bed.journal.reads - reads).toBeLessThan(10);
    bed.journal.append(...Array.from({ length: 300 }, (_, n) => ({ host: n % 150 === 0 ? 'far' : 'b' })));
    expect(await bed.export({ host: 'far' })).toBe(lines([2_500, 2_650]));
    expect(await bed.export({ host: 'nowhere' })).toBe('');
  });

  it('ends with what was there when it was asked for', async () => {
    bed.journal.append({}, {});
    const pieces = bed.index.export({ class: 'access' }, 'jsonl', bed.scope);
    const first = pieces.next();
    bed.journal.append({});
    expect((await first).value).toBe(lines([0, 1]));
  });

  it('is refused while the index would leave something out', async () => {
    await using own = await IndexBed.make();
    const { journal } = own;
    journal.append(...Array.from({ length: 30_000 }, () => ({})));
    await expect(own.index.export({ host: 'x' }, 'csv', own.scope).next()).rejects.toMatchObject({
      code: 'AUDIT_INDEX_BEHIND',
      retryable: true,
    });
  });

  it('reads no further than it is asked to', async () => {
    let read = 0;
    async function* endless() {
      for (;;) {
        read++;
        yield bed.journal.records[0] as (typeof bed.journal.records)[number];
      }
    }
    bed.journal.append({ details: { text: 'x'.repeat(1_000) } });
    const pieces = exportText(endless(), 'jsonl');
    const first = (await pieces.next()).value as string;
    expect(first.length).toBeLessThan(70_000);
    const readForOne = read;
    await pieces.next();
    expect(read).toBeLessThanOrEqual(2 * readForOne);
    await pieces.return();
  });

  it('as CSV has a row of cells for each record', async () => {
    bed.journal.append({ details: { a: 'x,"y"' }, host: 'h' });
    const [head, row, end] = (await bed.export({}, 'csv')).split('\r\n');
    expect(head).toMatch(/^seq,time,class,code,action,.*,details$/);
    expect(row).toMatch(
      /^0,2026-01-01T00:00:00.000Z,access,RHA-1001,session.create,completed,success,,principal,ada,jwt,/,
    );
    expect(row).toContain(`"{""a"":""x,\\""y\\""""}"`);
    expect(end).toBe('');
  });

  it.each([
    ['=1+1', `'=1+1`],
    ['+1', `'+1`],
    ['-1', `'-1`],
    ['@sum(a1)', `'@sum(a1)`],
    ['\t=1', `'\t=1`],
    ['  =1', `'  =1`],
    ['\r=1', `"'\r=1"`],
    ['\n', `"'\n"`],
    ['\uff1d1', `'\uff1d1`],
    ['=HYPERLINK("http://x","y")', `"'=HYPERLINK(""http://x"",""y"")"`],
    ['a=1', 'a=1'],
    ['a,b', '"a,b"'],
    ['a\nb', '"a\nb"'],
  ])('as CSV has %j as %j, which no spreadsheet computes', async (host, cell) => {
    bed.journal.append({ host });
    expect(await bed.export({}, 'csv')).toContain(`,${cell},192.0.2.7,`);
  });
});
