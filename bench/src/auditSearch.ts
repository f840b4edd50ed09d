import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditEntry, type AuditPageQuery, openIndex, openJournal, type SearchIndex } from '@roundhouse/audit';
import { createScope, silentLogger, systemClock } from '@roundhouse/core';
import { figure } from './figure.ts';
import type { BenchOptions, Section } from './section.ts';

const RECORDS = 1_000_000;
const QUICK_RECORDS = 50_000;
/** Appended at a time: as many as the journal takes into one group. */
const BATCH = 1_000;
const PAGE = 100;
const ACTIONS = ['session.create', 'session.created', 'session.closed', 'worker.start', 'resource.put', 'screen.read'];
const HOSTS = 40;
const USERS = 1_000;

/** What is asked for: a page of each, at many places. */
const QUERIES: ReadonlyArray<
  readonly [id: string, label: string, query: (n: number, total: number) => AuditPageQuery]
> = [
  ['newest', 'the newest', () => ({})],
  ['common', 'one class, anywhere', (n, total) => ({ class: 'access', after: (n * 7_919) % total })],
  ['user', 'a user and an outcome', (n) => ({ user: `user-${n % USERS}`, outcome: 'failure' })],
  ['time', 'a minute, one host', (n) => ({ ...minuteOf(n), host: `host-${n % HOSTS}` })],
  ['words', 'two words and an action', (n) => ({ text: `screen w${n}`, action: 'session' })],
  ['phrase', 'a phrase, oldest first', () => ({ text: '"menu of applications"', order: 'oldest' })],
  ['nothing', 'two that are never together', () => ({ class: 'security', action: 'screen.read' })],
  ['beginning', 'the beginning of a common word', () => ({ text: 'appl*' })],
];

/** How fast records come into the index of an audit journal, and how long a page of it takes. */
export async function measure({ quick }: BenchOptions): Promise<Section> {
  const records = quick ? QUICK_RECORDS : RECORDS;
  const rounds = quick ? 20 : 100;
  const root = await mkdtemp(join(tmpdir(), 'bench-audit-'));
  using scope = createScope({ clock: systemClock });
  // The timers of the clock do not keep the process alive.
  const awake = setInterval(() => {}, 1_000);
  try {
    let written = 0;
    const deps = { clock: systemClock, log: silentLogger };
    const now = (): number => START + (written / MINUTE_RECORDS) * 60_000;
    await using journal = await openJournal(
      { directory: join(root, 'journal') },
      { ...deps, clock: { ...systemClock, now } },
    );
    for (let n = 0; n < records; n += BATCH, written = n) {
      await Promise.all(Array.from({ length: BATCH }, (_, index) => journal.append(entryOf(n + index))));
    }
    const directory = join(root, 'index');
    await using index = openIndex({ directory }, { ...deps, journal });
    const startedAt = performance.now();
    await index.rebuild(() => {}, scope);
    const rate = records / ((performance.now() - startedAt) / 1_000);
    const bytes = (await stat(join(directory, 'search.db'))).size / records;
    const pages = [];
    for (const [id, label, queryOf] of QUERIES) {
      const times: number[] = [];
      for (let n = 0; n < rounds; n++) times.push(await timeOf(index, { limit: PAGE, ...queryOf(n, records) }));
      times.sort((a, b) => a - b);
      const p99 = times[Math.floor(times.length * 0.99)] as number;
      pages.push(
        figure(`auditSearch.${id}`, label, 'ms', times),
        figure(`auditSearch.${id}.p99`, `${label}, p99`, 'ms', [p99]),
      );
    }
    return {
      title: 'Search in the audit journal',
      figures: [
        figure('auditSearch.rate', 'taken into the index', 'records/s', [rate]),
        figure('auditSearch.bytes', 'of the index', 'bytes/record', [bytes]),
        ...pages,
      ],
      notes: [
        `${records} records of about 700 bytes; ${rounds} pages of ${PAGE} each, with reading and parsing them.`,
        'Each row asks for another place or value each time; the last is the dearest that there is: all records have a word that begins so.',
      ],
    };
  } finally {
    clearInterval(awake);
    await rm(root, { recursive: true, force: true });
  }

  async function timeOf(index: SearchIndex, query: AuditPageQuery): Promise<number> {
    const startedAt = performance.now();
    await index.query(query, scope);
    return performance.now() - startedAt;
  }
}

/** A clock on which so many records are made in a minute. */
const MINUTE_RECORDS = 10_000;
const START = Date.UTC(2026, 0, 1);

function minuteOf(n: number): Pick<AuditPageQuery, 'since' | 'until'> {
  const since = START + ((n * 37) % 90) * 60_000;
  return { since, until: since + 60_000 };
}

function entryOf(n: number): AuditEntry {
  const action = ACTIONS[n % ACTIONS.length] as string;
  const isRead = action === 'screen.read';
  const session = `s-${Math.floor(n / 20)}`;
  return {
    class: isRead ? 'data' : n % 100 === 1 ? 'security' : 'access',
    action,
    code: 'RHA-1001',
    phase: 'fact',
    outcome: n % 50 === 0 ? 'failure' : 'success',
    actor: { type: 'principal', id: n % 3 === 0 ? `user-${n % USERS}` : 'batch', authentication: 'token' },
    resource: { kind: 'session', id: session },
    session_id: session,
    host: `host-${n % HOSTS}`,
    source: { address: `10.0.${n % 250}.7`, port: 50_000 },
    request_id: `boot-${n}`,
    trace_id: n.toString(16).padStart(32, '0'),
    details: {
      said: `screen w${n % 5_000}: menu of applications`,
      route: 'getScreen',
      method: 'GET',
      bytes: n % 4_096,
    },
  };
}
