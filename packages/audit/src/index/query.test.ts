import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AuditRecord } from '../record/entry.ts';
import { AUDIT_CLASSES, OUTCOMES } from '../record/entry.ts';
import { IndexBed } from './bed.fixture.ts';
import type { AuditPageQuery, AuditQuery } from './contract.ts';
import { searchedText } from './facets.ts';

const START = Date.UTC(2026, 0, 1);
const at = (seconds: number): string => new Date(START + seconds * 1_000).toISOString();

let bed: IndexBed;

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

describe('a query', () => {
  beforeEach(async () => {
    bed = await IndexBed.make();
  });
  afterEach(() => bed[Symbol.asyncDispose]());

  it('finds what the plain reading of it finds, in order, page after page', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { minLength: 20, maxLength: 120 }),
        fc.array(query, { minLength: 10, maxLength: 10 }),
        fc.constantFrom('newest' as const, 'oldest' as const),
        fc.integer({ min: 1, max: 30 }),
        async (entries, queries, order, limit) => {
          await using own = await IndexBed.make();
          own.journal.append(...entries);
          for (const wanted of queries) {
            const expected = own.journal.records.filter((record) => has(record, wanted)).map(({ seq }) => seq);
            if (order === 'newest') expected.reverse();
            expect(await allPages(own, { ...wanted, order, limit })).toEqual(expected);
          }
        },
      ),
      { numRuns: 12 },
    );
  }, 60_000);

  it('gives whole records', async () => {
    bed.journal.append({ details: { list: [1, { deep: 'größe' }] } });
    const { records, next, behind } = await bed.index.query({}, bed.scope);
    expect(records).toEqual(bed.journal.records);
    expect([next, behind]).toEqual([undefined, 0]);
  });

  it.each<[query: AuditPageQuery, field: string]>([
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
  ])('%j is refused', async (wanted, field) => {
    await expect(bed.index.query(wanted, bed.scope)).rejects.toMatchObject({
      code: 'AUDIT_QUERY_INVALID',
      details: { field },
    });
  });

  it('goes on where it was while records are added', async () => {
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
  });

  it('finds what was durable before it', async () => {
    for (let count = 1; count <= 20; count++) {
      bed.journal.append({});
      expect(await bed.seqs({ limit: 1 })).toEqual([count - 1]);
    }
  });
});

describe('the words of a query', () => {
  beforeAll(async () => {
    bed = await IndexBed.make();
    bed.journal.append(
      { details: { said: 'LOGON APPLID(TSO) for Zoë Müller', amount: 4711 } },
      { details: { said: 'the operator said: "NOT near"', path: '/var/log/x.log' } },
      { details: { said: 'nothing', facets: 'text : words' } },
      { details: { said: "it's 100% 'quoted' -- ; DROP TABLE records" } },
      { source: { address: '198.51.100.23' }, details: {} },
    );
  });

  afterAll(() => bed[Symbol.asyncDispose]());

  it.each<[text: string, seqs: readonly number[]]>([
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
  ])('%j finds %j', async (text, seqs) => {
    expect(await bed.seqs({ text, order: 'oldest' })).toEqual(seqs);
  });

  it('are never read as operators, whatever they are', async () => {
    await bed.seqs();
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 60 }),
          fc
            .array(
              fc.constantFrom('"', '*', 'logon', 'AND', 'NEAR(', ')', ':', '{', '^', '+', '-', ' ', "'", '\\', '\0'),
              {
                maxLength: 12,
              },
            )
            .map((parts) => parts.join('')),
        ),
        async (text) => {
          const page = await bed.index.query({ text }, bed.scope).catch((error: unknown) => error);
          if (page instanceof Error) expect(page).toMatchObject({ code: 'AUDIT_QUERY_INVALID' });
        },
      ),
      { numRuns: 300 },
    );
    expect(bed.index.status()).toMatchObject({ state: 'current', behind: 0 });
  });

  it('do not find a facet by the word that it is in the index', async () => {
    expect(await bed.seqs({ text: `u${Buffer.from('ada').toString('hex')}` })).toEqual([]);
  });
});

async function allPages(own: IndexBed, query: AuditPageQuery): Promise<number[]> {
  const seqs: number[] = [];
  for (let after: number | undefined; ; ) {
    const page = await own.index.query({ ...query, ...(after !== undefined && { after }) }, own.scope);
    seqs.push(...page.records.map(({ seq }) => seq));
    if (page.next === undefined) return seqs;
    after = page.next;
  }
}
