import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditEntry, type AuditJournal, type AuditRecord, openJournal } from '@roundhouse/audit';
import { createScope, type Scope, silentLogger } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findingOf, isComplete } from './finding.ts';
import { reviewed, type ReviewState, UNREVIEWED } from './reviewed.ts';
import { Reviewer } from './reviewer.ts';

const ROOT = { type: 'principal', id: 'ada', authentication: 'jwt' } as const;
const READ: AuditEntry = {
  class: 'access',
  action: 'audit.query',
  code: 'RHA-5001',
  phase: 'fact',
  outcome: 'success',
  actor: ROOT,
  resource: { kind: 'audit', id: '*' },
  source: { address: '127.0.0.1' },
};
const LOCKED_OUT: AuditEntry = { ...READ, class: 'security', action: 'authentication.locked_out', code: 'RHA-4002' };
const REVIEWED: AuditEntry = { ...READ, class: 'security', action: 'audit.reviewed', code: 'RHA-5010' };

function record(entry: AuditEntry, seq = 0): AuditRecord {
  const { details, personal: _, ...facts } = entry;
  const kept = { v: 1, seq, id: 'i', time: '2026-11-22T00:00:00.000Z', boot: 'b', monotonic_ms: 0 } as const;
  return { ...facts, ...kept, ...(details !== undefined && { details: details as never }) };
}

describe('a record', () => {
  it.each([
    ['RHA-4002', 'alert'],
    ['RHA-0005', 'critical'],
    ['RHA-5013', 'alert'],
    ['RHA-4006', 'error'],
  ] as const)('of code %s is a finding', (code, severity) => {
    expect(findingOf(record({ ...READ, code }, 7))).toMatchObject({ seq: 7, severity, resource: 'audit/*' });
  });

  it.each(['RHA-5001', 'RHA-1106', 'RHA-4001', 'RHA-9999'] as const)('of code %s is none', (code) => {
    expect(findingOf(record({ ...READ, code }))).toBeUndefined();
  });

  const { source: _source, ...nowhere } = READ;
  const { resource: _resource, ...nothing } = READ;
  it.each<readonly [string, AuditEntry, boolean]>([
    ['that says all', READ, true],
    ['of nobody', { ...READ, actor: { ...ROOT, id: '' } }, false],
    ['from nowhere', nowhere, false],
    ['from this server', { ...nowhere, actor: { ...ROOT, type: 'system' } }, true],
    ['of an event of this server', { ...nowhere, details: { event: '12' } }, true],
    ['about nothing', nothing, false],
    ['about a session', { ...nothing, session_id: 's' }, true],
    ['with a code that nobody knows', { ...READ, code: 'RHA-9999' }, false],
    ['of the journal itself', { ...nothing, code: 'RHA-0001', actor: { ...ROOT, type: 'system' } }, true],
  ])('%s is complete or is not', (_what, entry, expected) => {
    expect(isComplete(record(entry))).toBe(expected);
  });
});

describe('what records come to', () => {
  const after = (...entries: readonly AuditEntry[]): ReviewState =>
    entries.reduce((state, entry) => reviewed(state, record(entry, state.next)), UNREVIEWED);

  it('has findings until somebody acknowledges them, up to where they have looked', () => {
    const state = after(LOCKED_OUT, READ, LOCKED_OUT, { ...REVIEWED, details: { up_to: 1, note: 'known' } });
    expect(state.findings.map(({ seq }) => seq)).toEqual([2]);
    expect(state.records).toEqual({ time: '2026-11-22T00:00:00.000Z', by: 'ada', note: 'known' });
    expect(state.access).toBeNull();
  });

  it('takes a review of accounts for that alone', () => {
    const state = after(LOCKED_OUT, { ...REVIEWED, code: 'RHA-5011', details: { up_to: 9 } });
    expect([state.findings.length, state.records, state.access?.by]).toEqual([1, null, 'ada']);
  });

  it('names somebody by the principal that a key is of', () => {
    const actor = { type: 'api_key', id: 'k', authentication: 'api_key', on_behalf_of: 'ada' } as const;
    expect(after({ ...REVIEWED, actor, details: { up_to: 0 } }).records?.by).toBe('ada');
  });

  it('keeps a bounded number of findings, and counts the rest until they are acknowledged', () => {
    const many = after(...Array.from({ length: 1_005 }, () => LOCKED_OUT));
    expect([many.findings.length, many.omitted]).toEqual([1_000, 5]);
    const some = reviewed(many, record({ ...REVIEWED, details: { up_to: 1_003 } }, many.next));
    expect([some.findings.length, some.omitted]).toEqual([0, 5]);
    const all = reviewed(many, record({ ...REVIEWED, details: { up_to: 1_004 } }, many.next));
    expect([all.findings.length, all.omitted]).toEqual([0, 0]);
  });

  it('counts records that lack something', () => {
    const state = after({ ...READ, actor: { ...ROOT, id: '' } }, READ);
    expect([state.incomplete, state.next]).toEqual([[0], 2]);
  });
});

describe('the reviewer', () => {
  let folder = '';
  let journal: AuditJournal;
  let clock: FakeClock;
  let scope: Scope;
  let kept: ReviewState | undefined;
  let reviews = 0;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reviewer-'));
    clock = new FakeClock();
    scope = createScope({ clock });
    journal = await openJournal({ directory: folder }, { clock, log: silentLogger });
    kept = undefined;
    reviews = 0;
  });
  afterEach(async () => {
    scope.end();
    await journal.close();
    await rm(folder, { recursive: true, force: true });
  });

  const until = (isDone: () => boolean): Promise<void> =>
    expect
      .poll(
        async () => {
          await clock.advance(100);
          return isDone();
        },
        { timeout: 20_000, interval: 5 },
      )
      .toBe(true);

  function start(): Reviewer {
    const memory = { load: async () => kept, save: async (state: ReviewState) => void (kept = state) };
    const reviewer = new Reviewer({ journal, memory, clock, log: silentLogger, scope, onReview: () => reviews++ });
    reviewer.start();
    return reviewer;
  }

  it('looks at what is there, at what comes, and takes it up where it was', async () => {
    for (let n = 0; n < 1_200; n++) journal.record(n === 700 ? LOCKED_OUT : READ);
    await journal.append(LOCKED_OUT);
    const reviewer = start();
    await until(() => reviewer.behind === 0);
    expect(reviewer.state.findings).toHaveLength(2);
    await journal.append(LOCKED_OUT);
    expect(reviewer.state.findings).toHaveLength(3);
    await reviewer.review({ ...REVIEWED, details: { up_to: reviewer.state.next - 1 } }, scope);
    expect([reviewer.state.findings.length, reviews, reviewer.behind]).toEqual([0, 1, 0]);
    await clock.advance(60_000);
    await until(() => kept?.next === reviewer.state.next);
    scope.end();
    scope = createScope({ clock });
    await journal.append(LOCKED_OUT);
    const again = start();
    await until(() => again.behind === 0 && again.state.findings.length === 1);
    expect(again.state.records?.by).toBe('ada');
  });

  it('makes all of it anew of the journal when nothing was kept', async () => {
    await journal.append(LOCKED_OUT);
    await journal.append({ ...REVIEWED, details: { up_to: 1 } });
    await journal.append(LOCKED_OUT);
    const reviewer = start();
    await until(() => reviewer.behind === 0);
    expect(reviewer.state.findings).toHaveLength(1);
    expect(reviewer.state.records?.by).toBe('ada');
  });

  it('misses nothing that becomes durable while it reads the end, or before it hears of it', async () => {
    const kept: AuditRecord[] = [record(LOCKED_OUT, 0)];
    let hear: (records: readonly AuditRecord[]) => void = () => {};
    let readings = 0;
    const add = (...seqs: readonly number[]): void => {
      const added = seqs.map((seq) => record(LOCKED_OUT, seq));
      kept.push(...added);
      hear(added.slice(-1));
    };
    const played = {
      // The second is not durable at first.
      status: () => ({ first_seq: 0, next_seq: Math.max(2, kept.length) }),
      onAppended(listener: typeof hear) {
        hear = listener;
        return () => {};
      },
      async *read({ from = 0 }) {
        const there = kept.slice(from);
        // It comes when it is known already that there is nothing to read.
        if (++readings === 2) add(1);
        yield* there;
      },
    };
    const memory = { load: async () => undefined, save: async () => {} };
    const parts = { memory, clock, log: silentLogger, scope, onReview: () => {} };
    const reviewer = new Reviewer({ ...parts, journal: played as never });
    reviewer.start();
    // The clock stands still: no later turn makes up for it.
    await expect.poll(() => reviewer.state.next).toBe(2);
    // Of two it hears of the second alone.
    add(2, 3);
    await expect.poll(() => reviewer.state.findings.map(({ seq }) => seq)).toEqual([0, 1, 2, 3]);
  });

  it('says why it cannot go on', async () => {
    await journal.append(LOCKED_OUT);
    const broken = { ...UNREVIEWED };
    const reviewer = new Reviewer({
      journal,
      memory: { load: () => Promise.reject(new Error('the store is gone')), save: async () => {} },
      clock,
      log: silentLogger,
      scope,
      onReview: () => {},
    });
    reviewer.start();
    await until(() => reviewer.failure !== undefined);
    expect([reviewer.failure, reviewer.state]).toEqual(['the store is gone', broken]);
  });
});
