import { describe, expect, it } from 'vitest';
import type { AuditRecord } from '../record/entry.ts';
import type { ArchiveFacts, SegmentFacts } from './facts.ts';
import { holdKey, isHeld, type LegalHold } from './hold.ts';
import { type Period, parsePeriod } from './period.ts';
import { planRetention, type RetentionPolicy } from './plan.ts';

const at = (text: string): number => Date.parse(`${text}T00:00:00.000Z`);
const NOW = at('2026-11-22');
const period = (text: string): Period => parsePeriod(text) as Period;
const POLICY: RetentionPolicy = {
  classes: {
    security: { keep: period('1y'), mode: 'remove' },
    data: { keep: period('90d'), mode: 'erase' },
    system: { keep: period('30d'), mode: 'remove' },
  },
};
const ARCHIVING: RetentionPolicy = { ...POLICY, archiveAfter: period('6mo') };
const OLD = at('2025-11-01');
const HALF = at('2026-04-01');
const NEW = at('2026-11-01');
const HOLD: LegalHold = { id: 'case-1', owner: 'legal', reason: 'a case', user: 'ada' };

const facts = (last: number, changes: Partial<SegmentFacts> = {}): SegmentFacts => ({
  kind: 'segment',
  segment: 0,
  classes: { security: { first: last, last, records: 1 } },
  to: last,
  matches: {},
  isOpen: false,
  isSealed: true,
  isErased: false,
  isCertified: false,
  isArchived: false,
  isPruned: false,
  ...changes,
});
const numbered = (...all: readonly SegmentFacts[]): SegmentFacts[] =>
  all.map((each, segment) => ({ ...each, segment }));
const said = (all: readonly (SegmentFacts | ArchiveFacts)[], policy = POLICY, holds: readonly LegalHold[] = []) =>
  planRetention(all, policy, holds, NOW).steps.map(({ action, reason, removes, erases }) =>
    [action, reason, ...(erases ? ['erases'] : []), ...(removes ? ['removes'] : [])].join(' '),
  );
const data = (last: number): SegmentFacts['classes'] => ({ data: { first: last, last, records: 5 } });
const matching = (count: number): SegmentFacts['matches'] => ({ [holdKey(HOLD)]: count });

describe('a plan of retention', () => {
  it.each<[string, SegmentFacts[], string[], RetentionPolicy?, LegalHold[]?]>([
    ['removes what is over', [facts(OLD)], ['remove due removes']],
    ['keeps what is not', [facts(NEW)], ['keep period']],
    ['keeps the open one', [facts(OLD, { isOpen: true })], ['keep open']],
    [
      'goes by the longest period',
      [facts(HALF, { classes: { ...facts(HALF).classes, ...data(OLD) } })],
      ['keep period'],
    ],
    [
      'keeps a class without a period',
      [facts(OLD, { classes: { admin: { first: 0, last: 0, records: 1 } } })],
      ['keep kept_for_ever'],
    ],
    ['keeps all without periods', [facts(OLD)], ['keep kept_for_ever'], { classes: {} }],
    [
      'removes the first ones only, in order',
      numbered(facts(OLD), facts(NEW), facts(OLD)),
      ['remove due removes', 'keep period', 'keep order'],
    ],
    [
      'keeps what is held, and what stands behind',
      numbered(facts(OLD, { matches: matching(1) }), facts(OLD, { matches: matching(0) })),
      ['keep held', 'keep order'],
      POLICY,
      [HOLD],
    ],
    [
      'lets go what no record is held of',
      [facts(OLD, { matches: matching(0) })],
      ['remove due removes'],
      POLICY,
      [HOLD],
    ],
    ['holds what nobody has looked at', [facts(OLD)], ['keep held'], POLICY, [HOLD]],
    [
      'holds what nobody can read',
      [facts(OLD, { classes: undefined, isErased: true, isCertified: true })],
      ['keep held'],
      POLICY,
      [HOLD],
    ],
    [
      'erases by class, and removes in the same go',
      [facts(HALF, { classes: data(HALF) })],
      ['remove due erases removes'],
    ],
    [
      'erases out of order',
      numbered(facts(NEW), facts(HALF, { classes: data(HALF) })),
      ['keep period', 'erase due erases'],
    ],
    [
      'does not erase what is not sealed',
      numbered(facts(NEW), facts(HALF, { classes: data(HALF), isSealed: false })),
      ['keep period', 'keep order'],
    ],
    [
      'does not erase twice',
      numbered(facts(NEW), facts(HALF, { classes: data(HALF), isErased: true, isCertified: true })),
      ['keep period', 'keep order'],
    ],
    [
      'goes on with what was interrupted',
      [facts(NEW, { isPruned: true, fault: 'SEAL_BROKEN' })],
      ['remove interrupted removes'],
    ],
    ['stops what was interrupted, for a hold', [facts(OLD, { isPruned: true })], ['keep held'], POLICY, [HOLD]],
    [
      'keeps what is damaged',
      [facts(OLD, { classes: undefined, fault: 'AUDIT_DAMAGED' })],
      ['keep unreadable'],
      POLICY,
    ],
    [
      'makes up for a certificate',
      [facts(NEW, { isErased: true, matches: matching(1) })],
      ['erase certificate erases'],
      POLICY,
      [HOLD],
    ],
    [
      'makes up for a certificate before the file goes',
      [facts(OLD, { isErased: true })],
      ['remove due erases removes'],
    ],
    [
      'waits for all periods of what cannot be read',
      [facts(OLD, { classes: undefined, isErased: true, isCertified: true })],
      ['keep kept_for_ever'],
    ],
    ['archives', numbered(facts(HALF), facts(NEW)), ['archive archive_due removes', 'keep period'], ARCHIVING],
    [
      'archives what must wait for its turn',
      numbered(facts(NEW), facts(HALF)),
      ['keep period', 'archive archive_due'],
      ARCHIVING,
    ],
    [
      'removes what is archived, in its turn',
      numbered(facts(HALF, { isArchived: true }), facts(NEW), facts(HALF, { isArchived: true })),
      ['remove archived removes', 'keep period', 'keep order'],
      ARCHIVING,
    ],
    ['archives nothing that is held', [facts(HALF, { matches: matching(1) })], ['keep held'], ARCHIVING, [HOLD]],
    [
      'archives nothing that is erased',
      [facts(HALF, { isErased: true, isCertified: true })],
      ['keep period'],
      ARCHIVING,
    ],
    ['does not archive what may go', [facts(OLD)], ['remove due removes'], ARCHIVING],
  ])('%s', (_, all, expected, policy, holds) => {
    expect(said(all, policy, holds)).toEqual(expected);
  });

  it('says when something may go, and which holds keep it', () => {
    const [step] = planRetention([facts(HALF)], POLICY, [HOLD], NOW).steps;
    expect(step).toMatchObject({ dueAt: at('2027-04-01'), holds: ['case-1'] });
    expect(planRetention([facts(HALF)], { classes: {} }, [], NOW).steps[0]?.dueAt).toBeUndefined();
    expect(planRetention([facts(HALF, { isOpen: true })], POLICY, [], NOW).steps[0]?.dueAt).toBeUndefined();
  });

  it.each([
    [at('2027-04-01') - 1, 'keep'],
    [at('2027-04-01'), 'remove'],
  ])('takes a period as over at its end, at %d', (now, action) => {
    expect(planRetention([facts(HALF)], POLICY, [], now).steps[0]?.action).toBe(action);
  });

  it.each<[string, Partial<ArchiveFacts>, LegalHold[], string]>([
    ['go when their time is over', {}, [], 'remove due removes'],
    ['are erased where the class says so', { classes: data(OLD) }, [], 'remove due erases removes'],
    ['stay when they may have a record that is held', {}, [HOLD], 'keep held'],
    ['go when the hold is of another class', {}, [{ ...HOLD, class: 'data' }], 'remove due removes'],
    ['go when the hold ends before', {}, [{ ...HOLD, to: OLD }], 'remove due removes'],
    ['stay when the hold begins with their last record', {}, [{ ...HOLD, from: OLD }], 'keep held'],
  ])('lets archives %s', (_, changes, holds, expected) => {
    const classes = { security: { first: OLD, last: OLD, records: 1 } };
    const archive: ArchiveFacts = {
      kind: 'archive',
      segment: 0,
      classes,
      to: OLD,
      matches: {},
      isSealed: true,
      ...changes,
    };
    expect(said([archive], POLICY, holds)).toEqual([expected]);
  });
});

describe('a legal hold', () => {
  const record = {
    time: '2026-04-01T00:00:00.000Z',
    class: 'access',
    actor: { type: 'api_key', id: 'key-7', authentication: 'api_key', on_behalf_of: 'ada' },
    subject: 'bob',
    session_id: 's-1',
    host: 'prod',
  } as AuditRecord;
  it.each<[Partial<LegalHold>, boolean]>([
    [{}, true],
    [{ user: 'ada' }, true],
    [{ user: 'key-7' }, true],
    [{ user: 'bob' }, true],
    [{ user: 'eve' }, false],
    [{ session: 's-1', host: 'prod', class: 'access' }, true],
    [{ session: 's-2' }, false],
    [{ host: 'test' }, false],
    [{ class: 'data' }, false],
    [{ from: HALF, to: HALF + 1 }, true],
    [{ from: HALF + 1 }, false],
    [{ to: HALF }, false],
  ])('of %j: %s', (asked, expected) => {
    expect(isHeld(record, { id: 'h', owner: 'o', reason: 'r', ...asked })).toBe(expected);
  });

  it('is another one when it asks for something else, and not when it is only named otherwise', () => {
    expect(holdKey({ ...HOLD, id: 'x', owner: 'y', reason: 'z' })).toBe(holdKey(HOLD));
    expect(holdKey({ ...HOLD, host: 'h' })).not.toBe(holdKey(HOLD));
  });
});
