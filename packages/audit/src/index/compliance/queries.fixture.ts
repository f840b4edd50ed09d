import fc from 'fast-check';
import { expect } from 'vitest';
import type { AuditEntry, AuditRecord } from '../../record/entry.ts';
import { AUDIT_CLASSES, OUTCOMES } from '../../record/entry.ts';
import type { IndexBed } from '../bed.fixture.ts';
import type { AuditPageQuery, AuditQuery } from '../contract.ts';
import { searchedText } from '../facets.ts';
import type { IndexCase, MakeBed } from './case.fixture.ts';

const START = Date.UTC(2026, 0, 1);
const at = (seconds: number): string => new Date(START + seconds * 1_000).toISOString();

/** What the words of the query language mean, said the plain way. */
function has(record: AuditRecord, query: AuditQuery): boolean {
  const time = Date.parse(record.time);
  const { actor, action } = record;
  const words = searchedText(record)
    .toLowerCase()
    .split(/[^a-z\d]+/);
  return (
    (query.since === undefined || time >= query.since) &&
    (query.until === undefined || time < query.until) &&
    (query.class === undefined || record.class === query.class) &&
    (query.code === undefined || record.code === query.code) &&
    (query.outcome === undefined || record.outcome === query.outcome) &&
    (query.action === undefined || action === query.action || action.startsWith(`${query.action}.`)) &&
    (query.user === undefined || actor.id === query.user || actor.on_behalf_of === query.user) &&
    (query.session === undefined || record.session_id === query.session) &&
    (query.host === undefined || record.host === query.host) &&
    (query.resourceKind === undefined || record.resource?.kind === query.resourceKind) &&
    (query.resourceId === undefined || record.resource?.id === query.resourceId) &&
    (query.request === undefined || record.request_id === query.request) &&
    (query.text === undefined || query.text.split(' ').every((word) => words.includes(word)))
  );
}

const USERS = ['ada', 'bob', 'ünal', 'a"b', 'x'.repeat(200)];
const HOSTS = ['host-1', 'host-2', 'OR'];
const WORDS = ['logon', 'payroll', 'and', 'not', 'near'];
const CODES = ['RHA-1001', 'RHA-4003'] as const;
const ACTIONS = ['session.create', 'session.created', 'session', 'worker.log.read'];

const entry = fc.record(
  {
    class: fc.constantFrom(...AUDIT_CLASSES),
    code: fc.constantFrom(...CODES),
    action: fc.constantFrom(...ACTIONS),
    outcome: fc.constantFrom(...OUTCOMES),
    actor: fc
      .tuple(fc.constantFrom(...USERS), fc.option(fc.constantFrom(...USERS), { nil: undefined }))
      .map(([id, other]) => ({
        type: 'principal' as const,
        id,
        authentication: 'token' as const,
        ...(other !== undefined && { on_behalf_of: other }),
      })),
    resource: fc.record({ kind: fc.constantFrom('session', 'worker'), id: fc.constantFrom('1', '2') }),
    time: fc.integer({ min: 0, max: 50 }).map(at),
    host: fc.constantFrom(...HOSTS),
    session_id: fc.constantFrom('s-1', 's-2'),
    details: fc.array(fc.constantFrom(...WORDS), { maxLength: 3 }).map((said) => ({ said })),
  },
  { requiredKeys: ['class', 'code', 'action', 'outcome', 'actor', 'resource', 'time'] },
);

const query = fc.record(
  {
    since: fc.integer({ min: 0, max: 50 }).map((seconds) => START + seconds * 1_000),
    until: fc.integer({ min: 0, max: 50 }).map((seconds) => START + seconds * 1_000),
    class: fc.constantFrom(...AUDIT_CLASSES),
    code: fc.constantFrom(...CODES),
    action: fc.constantFrom('session', 'session.create', 'worker', 'worker.log', 'work'),
    outcome: fc.constantFrom(...OUTCOMES),
    user: fc.constantFrom(...USERS),
    host: fc.constantFrom(...HOSTS),
    session: fc.constantFrom('s-1', 's-2'),
    resourceKind: fc.constantFrom('session', 'worker'),
    resourceId: fc.constantFrom('1', '2'),
    text: fc.uniqueArray(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 2 }).map((words) => words.join(' ')),
  },
  { requiredKeys: [] },
);

const REFUSED: ReadonlyArray<readonly [query: AuditPageQuery, field: string]> = [
  [{ limit: 0 }, 'limit'],
  [{ limit: 1_001 }, 'limit'],
  [{ limit: 1.5 }, 'limit'],
  [{ after: 0.5 }, 'after'],
  [{ since: Number.NaN }, 'since'],
  [{ text: '' }, 'text'],
  [{ text: ' "" *** -- ' }, 'text'],
  [{ text: 'ab*' }, 'text'],
  [{ text: 'x'.repeat(1_025) }, 'text'],
  [{ text: 'word '.repeat(33) }, 'text'],
];

const SAID: ReadonlyArray<Partial<AuditEntry>> = [
  { details: { said: 'LOGON APPLID(TSO) for Zoë Müller', amount: 4711 } },
  { details: { said: 'the operator said: "NOT near"', path: '/var/log/x.log' } },
  { details: { said: 'nothing', facets: 'text : words' } },
  { details: { said: "it's 100% 'quoted' -- ; DROP TABLE records" } },
  { source: { address: '198.51.100.23' }, details: {} },
];

const FOUND: ReadonlyArray<readonly [text: string, seqs: readonly number[]]> = [
  ['logon', [0]],
  ['LOGON tso', [0]],
  ['zoe muller', [0]],
  ['4711', [0]],
  ['"logon applid"', [0]],
  ['"applid logon"', []],
  ['applid(tso)', [0]],
  ['app*', [0]],
  ['oper* "not near"', [1]],
  ['NOT', [1]],
  ['logon NOT tso', []],
  ['logon OR nothing', []],
  ['logon AND tso', []],
  ['NEAR(logon tso)', []],
  ['text:words', [2]],
  ['facets:text', []],
  ['{text} : words', [2]],
  ['^nothing', [2]],
  ['nothing +', [2]],
  ['100%', [3, 4]],
  ["'quoted'", [3]],
  ['; DROP TABLE records', [3]],
  ['"unbalanced', []],
  ['"drop table', [3]],
  ['198.51.100.23', [4]],
  ['100.23', [4]],
  ['lo\0gon', []],
  ['logon\0', [0]],
  ['*logon', [0]],
  ['lógon', [0]],
  ['𝒳', []],
];

/** What every index finds. `runs`: how many journals of chance the model is held against. */
export function queryCases(make: MakeBed, runs: number): readonly IndexCase[] {
  return [
    {
      title: 'a query finds what the plain reading of it finds, in order, page after page',
      run: () => findsAsTheModel(make, runs),
    },
    {
      title: 'a query gives whole records',
      async run() {
        await using bed = await make();
        bed.journal.append({ details: { list: [1, { deep: 'größe' }], quoted: `it's "\\"` } });
        const { records, next, behind } = await bed.index.query({}, bed.scope);
        expect(records).toEqual(bed.journal.records);
        expect([next, behind]).toEqual([undefined, 0]);
      },
    },
    {
      title: 'a query that is not one is refused, with what is wrong',
      async run() {
        await using bed = await make();
        for (const [wanted, field] of REFUSED) {
          await expect(bed.index.query(wanted, bed.scope), JSON.stringify(wanted)).rejects.toMatchObject({
            code: 'AUDIT_QUERY_INVALID',
            details: { field },
          });
        }
      },
    },
    {
      title: 'a query goes on where it was while records are added',
      async run() {
        await using bed = await make();
        bed.journal.append(...Array.from({ length: 30 }, () => ({})));
        const first = await bed.index.query({ limit: 10 }, bed.scope);
        bed.journal.append({}, {}, {});
        const second = await bed.index.query({ limit: 10, after: first.next as number }, bed.scope);
        expect(second.records.map(({ seq }) => seq)).toEqual([19, 18, 17, 16, 15, 14, 13, 12, 11, 10]);
        bed.journal.append({});
        const oldest = await bed.index.query({ limit: 32, order: 'oldest' }, bed.scope);
        const rest = await bed.index.query({ limit: 32, order: 'oldest', after: oldest.next as number }, bed.scope);
        expect(rest.records.map(({ seq }) => seq)).toEqual([32, 33]);
        expect(rest.next).toBeUndefined();
      },
    },
    {
      title: 'a query finds what was durable before it',
      async run() {
        await using bed = await make();
        for (let count = 1; count <= 20; count++) {
          bed.journal.append({});
          expect(await bed.seqs({ limit: 1 })).toEqual([count - 1]);
        }
      },
    },
    {
      title: 'a query finds the rare among the common, far from where it begins',
      async run() {
        await using bed = await make();
        const rare = new Set([3, 4_000, 4_200, 21_000]);
        const entries = Array.from({ length: 45_000 }, (_, n) => (rare.has(n) ? { host: 'rare' } : {}));
        bed.journal.append(...entries);
        await bed.index.rebuild(() => {}, bed.scope);
        expect(await bed.seqs({ host: 'rare' })).toEqual([21_000, 4_200, 4_000, 3]);
        expect(await bed.seqs({ host: 'rare', order: 'oldest', limit: 3 })).toEqual([3, 4_000, 4_200]);
        expect(await bed.seqs({ host: 'rare', after: 4_200 })).toEqual([4_000, 3]);
        expect(await bed.seqs({ host: 'rare', class: 'data' })).toEqual([]);
      },
    },
    {
      title: 'the words of a query are found as they are, whatever they would mean elsewhere',
      async run() {
        await using bed = await make();
        bed.journal.append(...SAID);
        for (const [text, seqs] of FOUND) expect(await bed.seqs({ text, order: 'oldest' }), text).toEqual(seqs);
        // Nor is a facet found by the word that it is in the index.
        expect(await bed.seqs({ text: `u${Buffer.from('ada').toString('hex')}` })).toEqual([]);
      },
    },
    {
      title: 'the words of a query are never read as operators, whatever they are',
      run: () => readsNoOperators(make, runs),
    },
    {
      title: 'an export has what the index finds, and ends with what was there',
      async run() {
        await using bed = await make();
        bed.journal.append(...Array.from({ length: 2_500 }, (_, n) => ({ host: n % 3 === 0 ? 'a' : 'b' })));
        const lines = (await bed.export({ host: 'a' })).trimEnd().split('\n');
        expect(lines.map((line) => (JSON.parse(line) as AuditRecord).seq)).toEqual(
          bed.journal.records.flatMap(({ seq, host }) => (host === 'a' ? [seq] : [])),
        );
        expect(await bed.export({ host: 'nowhere' })).toBe('');
      },
    },
  ];
}

async function findsAsTheModel(make: MakeBed, runs: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      fc.array(entry, { minLength: 20, maxLength: 120 }),
      fc.array(query, { minLength: 10, maxLength: 10 }),
      fc.constantFrom('newest' as const, 'oldest' as const),
      fc.integer({ min: 1, max: 30 }),
      async (entries, queries, order, limit) => {
        await using own = await make();
        own.journal.append(...entries);
        for (const wanted of queries) {
          const expected = own.journal.records.filter((record) => has(record, wanted)).map(({ seq }) => seq);
          if (order === 'newest') expected.reverse();
          expect(await allPages(own, { ...wanted, order, limit })).toEqual(expected);
        }
      },
    ),
    { numRuns: runs },
  );
}

async function readsNoOperators(make: MakeBed, runs: number): Promise<void> {
  await using bed = await make();
  bed.journal.append(...SAID);
  await bed.seqs();
  const parts = [
    '"',
    '*',
    'logon',
    'AND',
    'NEAR(',
    ')',
    ':',
    '{',
    '^',
    '+',
    '-',
    ' ',
    "'",
    '\\',
    '\0',
    '&',
    '|',
    '!',
    '<->',
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.array(fc.constantFrom(...parts), { maxLength: 12 }).map((chosen) => chosen.join('')),
      ),
      async (text) => {
        const page = await bed.index.query({ text }, bed.scope).catch((error: unknown) => error);
        if (page instanceof Error) expect(page).toMatchObject({ code: 'AUDIT_QUERY_INVALID' });
      },
    ),
    { numRuns: runs * 25 },
  );
  expect(bed.index.status()).toMatchObject({ state: 'current', behind: 0 });
}

async function allPages(own: IndexBed, query: AuditPageQuery): Promise<number[]> {
  const seqs: number[] = [];
  for (let after: number | undefined; ; ) {
    const page = await own.index.query({ ...query, ...(after !== undefined && { after }) }, own.scope);
    seqs.push(...page.records.map(({ seq }) => seq));
    if (page.next === undefined) return seqs;
    after = page.next;
  }
}
