import { type Period, parsePeriod, type RetentionPolicy, type SinkStatus } from '@roundhouse/audit';
import { type GatheredFacts, UnknownFact } from '@roundhouse/audit/compliance';
import { createScope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { type ReviewState, UNREVIEWED } from '../../audit/reviewed.ts';
import type { VerificationResult } from '../../audit/verification.ts';
import { BUILT_IN_ROLES } from '../../policy/builtIn.ts';
import { createPolicy } from '../../policy/policy.ts';
import { auditFacts, type AuditFactsSources } from './audit.ts';

const NOW = Date.UTC(2026, 10, 22);
const HOUR_MS = 3_600_000;
const STATUS = {
  journal: 'j',
  state: 'writing',
  first_seq: 0,
  next_seq: 9,
  buffered: 0,
  waiting: 0,
  lost: 0,
  refused: 0,
  epoch: 0,
  public_key: 'k',
  sinks: [],
} as const;
const VERIFIED: VerificationResult = {
  at: NOW - 2 * HOUR_MS,
  verdict: 'intact',
  first_seq: 0,
  next_seq: 9,
  signed_size: 9,
  segments: 1,
  is_whole: true,
  elapsed_ms: 5,
};
const FINDING = { seq: 1, code: 'RHA-4002', title: 't', severity: 'alert', resource: null } as const;

interface Told {
  readonly status?: object;
  readonly verified?: VerificationResult;
  readonly review?: Partial<ReviewState>;
  readonly behind?: number;
  readonly policy?: RetentionPolicy;
  readonly index?: string;
  readonly offHost?: readonly string[];
  readonly roles?: readonly (typeof BUILT_IN_ROLES)[number][];
}

async function gather(told: Told | 'off'): Promise<GatheredFacts> {
  const {
    status = {},
    verified,
    review = {},
    behind = 0,
    policy = { classes: {} },
    index = 'current',
  } = told === 'off' ? {} : told;
  const { offHost = [], roles = BUILT_IN_ROLES } = told === 'off' ? {} : told;
  const sources: AuditFactsSources = {
    journal: told === 'off' ? undefined : { status: () => ({ ...STATUS, ...status }) },
    index: { status: () => ({ state: index }) as never },
    retention: { policy, overdue: () => Promise.resolve(2) },
    verification: { last: () => Promise.resolve(verified) },
    reviewer: { state: { ...UNREVIEWED, ...review }, behind, failure: undefined },
    offHostSinks: offHost,
    resources: { ids: () => roles.map(({ id }) => id) },
    policy: () => createPolicy([...roles]),
    clock: new FakeClock(NOW),
  };
  using scope = createScope({ clock: sources.clock });
  return await auditFacts(sources).gather(scope);
}

const sink = (name: string, lagMs: number, hasTaken = true): SinkStatus => ({
  name,
  lag_ms: lagMs,
  is_lagging: false,
  ...(hasTaken && { last: { size: 3, time: '2026-11-22T00:00:00.000Z' } }),
});
const keep = (text: string) => ({ keep: parsePeriod(text) as Period, mode: 'remove' }) as const;
const ago = (hours: number): string => new Date(NOW - hours * HOUR_MS).toISOString();
const reviewAgo = (hours: number) => ({ time: ago(hours), by: 'ada', note: null });

describe('the facts of the audit journal', () => {
  it.each<readonly [string, Told | 'off', GatheredFacts]>([
    ['that is off', 'off', { 'audit.is_enabled': false, 'audit.recorded_actions': [], 'audit.off_host_sinks': 0 }],
    ['that writes', {}, { 'audit.is_enabled': true, 'audit.is_writer_healthy': true, 'audit.unrecorded_reads': [] }],
    ['that cannot write', { status: { state: 'unavailable' } }, { 'audit.is_writer_healthy': false }],
    ['that has lost a record', { status: { lost: 1 } }, { 'audit.is_writer_healthy': false }],
    [
      'that was verified',
      { verified: VERIFIED },
      { 'audit.is_intact': true, 'audit.sequence_gaps': 0, 'audit.verified_age_hours': 2 },
    ],
    ['with segments that were removed', { verified: { ...VERIFIED, verdict: 'pruned' } }, { 'audit.is_intact': true }],
    [
      'with a gap',
      { verified: { ...VERIFIED, verdict: 'disordered' } },
      { 'audit.is_intact': false, 'audit.sequence_gaps': 1 },
    ],
    [
      'that is damaged, whatever was verified before',
      { status: { damage: { segment: 0, offset: 7, reason: 'chain' } }, verified: VERIFIED },
      { 'audit.is_intact': false },
    ],
    [
      'that is copied: the best place off the host counts',
      { offHost: ['b', 'c'], status: { sinks: [sink('a', 0), sink('b', 120_000), sink('c', 60_000)] } },
      { 'audit.off_host_sinks': 2, 'audit.off_host_lag_minutes': 1 },
    ],
    ['that is copied nowhere', { status: { sinks: [sink('a', 0)] } }, { 'audit.off_host_sinks': 0 }],
    ['that is kept for ever', {}, { 'retention.kept_months': 12_000, 'retention.searchable_months': 12_000 }],
    [
      'of which one class goes sooner, and archives sooner still',
      { policy: { classes: { security: keep('6y'), data: keep('90d') }, archiveAfter: parsePeriod('2mo') as Period } },
      { 'retention.kept_months': 90 / 31, 'retention.searchable_months': 2, 'retention.erased_without_certificate': 2 },
    ],
    [
      'that was reviewed',
      { review: { records: reviewAgo(3), access: reviewAgo(48), findings: [{ ...FINDING, time: ago(2) }] } },
      { 'audit.review_age_hours': 3, 'access_review.age_days': 2, 'audit.unacknowledged_findings': 0 },
    ],
    [
      'with findings of more than a day',
      {
        review: {
          findings: [
            { ...FINDING, time: ago(25) },
            { ...FINDING, time: ago(1) },
          ],
          omitted: 4,
        },
      },
      { 'audit.unacknowledged_findings': 5 },
    ],
    [
      'with records that lack something',
      { review: { incomplete: [3, 4], more_incomplete: 1 } },
      { 'audit.incomplete_records': 3 },
    ],
    [
      'that another role may read',
      {
        roles: [
          ...BUILT_IN_ROLES,
          { id: 'mine', description: '', rules: [{ verbs: ['*'], kinds: ['audit'] }] },
        ] as never,
      },
      { 'audit.reader_roles': ['admin', 'auditor', 'mine'] },
    ],
  ])('say of one %s what is so', async (_what, told, expected) => {
    expect(await gather(told)).toMatchObject(expected);
  });

  it.each<readonly [string, Told, keyof GatheredFacts, string]>([
    ['nothing has verified', {}, 'audit.is_intact', 'NOT_VERIFIED'],
    ['nothing is signed', { verified: { ...VERIFIED, signed_size: 0 } }, 'audit.is_intact', 'NOT_VERIFIED'],
    ['nothing has verified', {}, 'audit.sequence_gaps', 'NOT_VERIFIED'],
    ['nothing has verified', {}, 'audit.verified_age_hours', 'NOT_VERIFIED'],
    [
      'another fault hides what follows',
      { verified: { ...VERIFIED, verdict: 'altered' } },
      'audit.sequence_gaps',
      'NOT_VERIFIED',
    ],
    [
      'a sink has taken nothing',
      { offHost: ['a'], status: { sinks: [sink('a', 0, false)] } },
      'audit.off_host_lag_minutes',
      'NOT_COPIED',
    ],
    ['nobody has reviewed', {}, 'audit.review_age_hours', 'NOT_REVIEWED'],
    ['nobody has reviewed', {}, 'access_review.age_days', 'NOT_REVIEWED'],
    ['records were not looked at', { behind: 5_000 }, 'audit.unacknowledged_findings', 'NOT_REVIEWED'],
    ['records were not looked at', { behind: 5_000 }, 'audit.incomplete_records', 'NOT_REVIEWED'],
    ['the index is being built', { index: 'building' }, 'retention.searchable_months', 'INDEX_NOT_CURRENT'],
  ])('do not know where %s', async (_what, told, name, code) => {
    const fact = (await gather(told))[name];
    expect(fact).toBeInstanceOf(UnknownFact);
    expect(fact).toMatchObject({ code });
  });

  it('have nothing to say of what nobody looks after', async () => {
    const facts = await gather('off');
    for (const name of [
      'audit.reader_roles',
      'audit.is_intact',
      'retention.kept_months',
      'audit.review_age_hours',
    ] as const) {
      expect(facts[name]).toBeUndefined();
    }
  });
});
