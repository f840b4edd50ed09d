import { type KindName, type Route, ROUTES, VERBS } from '@roundhouse/api';
import {
  AUDIT_CLASSES,
  type AuditJournal,
  JOURNAL_CODES,
  type Period,
  type Retention,
  type SearchIndex,
} from '@roundhouse/audit';
import { type FactProvider, type GatheredFacts, UnknownFact } from '@roundhouse/audit/compliance';
import type { Clock, Scope } from '@roundhouse/core';
import { SERVER_CODES } from '../../audit/codes.ts';
import { EVENT_AUDIT } from '../../audit/events.ts';
import type { Reviewer } from '../../audit/reviewer.ts';
import { ROUTE_AUDIT } from '../../audit/routes.ts';
import { isIntact, type Verification, type VerificationResult } from '../../audit/verification.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Resources } from '../../resource/resources.ts';

const NAMES = [
  'access_review.age_days',
  'audit.incomplete_records',
  'audit.is_enabled',
  'audit.is_intact',
  'audit.is_writer_healthy',
  'audit.off_host_lag_minutes',
  'audit.off_host_sinks',
  'audit.reader_roles',
  'audit.recorded_actions',
  'audit.review_age_hours',
  'audit.sequence_gaps',
  'audit.unacknowledged_findings',
  'audit.unrecorded_reads',
  'audit.verified_age_hours',
  'retention.erased_without_certificate',
  'retention.kept_months',
  'retention.searchable_months',
] as const;

type AuditStatus = Pick<GatheredFacts, (typeof NAMES)[number]>;

export interface AuditFactsSources {
  /** Undefined where none is kept. */
  readonly journal: Pick<AuditJournal, 'status'> | undefined;
  readonly index: Pick<SearchIndex, 'status'> | undefined;
  readonly retention: Pick<Retention, 'overdue' | 'policy'> | undefined;
  readonly verification: Pick<Verification, 'last'> | undefined;
  readonly reviewer: Pick<Reviewer, 'state' | 'behind' | 'failure'> | undefined;
  /** Names of the sinks that are on another host. */
  readonly offHostSinks: readonly string[];
  readonly resources: Pick<Resources, 'ids'>;
  /** The one in force. */
  readonly policy: () => Pick<Policy, 'couldAllow'>;
  readonly clock: Clock;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** What is kept for ever counts as a thousand years. */
const FOR_EVER_MONTHS = 12_000;
/** Of the shortest twelfth of a year: a period in days is no longer in months than it is. */
const DAYS_A_MONTH = 31;
/** Retention runs once a day, and may take its time. */
const OVERDUE_MS = 2 * DAY_MS;
/** How far the look at the records may be behind before what it says is not what is so. */
const MAX_BEHIND = 1_000;
/** What is found can be acknowledged for so long before it counts. */
const ACKNOWLEDGE_MS = DAY_MS;

/** The audit journal: that it is there, whole, copied, kept, read by few, and looked after. */
export function auditFacts(sources: AuditFactsSources): FactProvider {
  return {
    name: 'audit',
    names: NAMES,
    async gather(scope) {
      if (sources.journal === undefined) return ABSENT;
      return {
        ...writingFacts(sources.journal),
        ...(await verificationFacts(sources)),
        ...sinkFacts(sources.journal, sources.offHostSinks),
        ...readerFacts(sources),
        ...reviewFacts(sources),
        ...(await retentionFacts(sources, scope)),
      };
    },
  };
}

/** Where no journal is kept nothing is recorded, which is known. */
const ABSENT: AuditStatus = { 'audit.is_enabled': false, 'audit.recorded_actions': [], 'audit.off_host_sinks': 0 };

function writingFacts(journal: Pick<AuditJournal, 'status'>): AuditStatus {
  const { state, lost } = journal.status();
  return {
    'audit.is_enabled': true,
    'audit.is_writer_healthy': state === 'writing' && lost === 0,
    'audit.recorded_actions': RECORDED,
    'audit.unrecorded_reads': Object.entries(AUDIT_READS).flatMap(([name, isRecorded]) => (isRecorded ? [] : [name])),
  };
}

async function verificationFacts({ journal, verification, clock }: AuditFactsSources): Promise<AuditStatus> {
  const last = await verification?.last();
  const isDamaged = journal?.status().damage !== undefined;
  if (last === undefined) {
    const never = new UnknownFact('NOT_VERIFIED', 'Nothing has verified the journal from end to end yet');
    return {
      'audit.is_intact': isDamaged ? false : never,
      'audit.sequence_gaps': never,
      'audit.verified_age_hours': never,
    };
  }
  return {
    'audit.is_intact': isDamaged ? false : intactOf(last),
    'audit.sequence_gaps': gapsOf(last),
    'audit.verified_age_hours': Math.max(0, clock.now() - last.at) / HOUR_MS,
  };
}

/** Where nothing is signed, whoever has changed records may have worked out all hashes again. */
function intactOf({ verdict, signed_size: signed }: VerificationResult): boolean | UnknownFact {
  if (!isIntact(verdict)) return false;
  return signed > 0 || new UnknownFact('NOT_VERIFIED', 'No checkpoint vouches for what was verified');
}

/** A verification ends with the first fault: what is behind it was not looked at. */
function gapsOf({ verdict, fault }: VerificationResult): number | UnknownFact {
  if (isIntact(verdict)) return 0;
  return verdict === 'disordered'
    ? 1
    : new UnknownFact('NOT_VERIFIED', `The verification ended with a fault: ${fault}`);
}

/** One that has never been given anything is behind by all there is. */
function sinkFacts(journal: Pick<AuditJournal, 'status'>, offHost: readonly string[]): AuditStatus {
  const lags = journal
    .status()
    .sinks.flatMap(({ name, last, lag_ms: lagMs }) => (offHost.includes(name) && last !== undefined ? [lagMs] : []));
  const nothing = new UnknownFact('NOT_COPIED', 'No place off this host has taken a checkpoint since the start');
  return {
    'audit.off_host_sinks': offHost.length,
    'audit.off_host_lag_minutes': lags.length === 0 ? nothing : Math.min(...lags) / MINUTE_MS,
  };
}

function readerFacts({ resources, policy }: AuditFactsSources): AuditStatus {
  const allows = (role: string): boolean => VERBS.some((verb) => policy().couldAllow([role], verb, AUDIT));
  return { 'audit.reader_roles': resources.ids('role').filter(allows) };
}

function reviewFacts({ reviewer, clock }: AuditFactsSources): AuditStatus {
  if (reviewer === undefined) return {};
  const { state, behind, failure } = reviewer;
  const never = (what: string) => new UnknownFact('NOT_REVIEWED', `Nobody has reviewed ${what} yet`);
  const ageOf = (time: string): number => Math.max(0, clock.now() - Date.parse(time));
  const isBehind = failure !== undefined || behind > MAX_BEHIND;
  const unseen = new UnknownFact('NOT_REVIEWED', failure ?? `${behind} records were not looked at yet`);
  const late = state.findings.filter(({ time }) => ageOf(time) > ACKNOWLEDGE_MS).length;
  return {
    'access_review.age_days': state.access === null ? never('accounts and rights') : ageOf(state.access.time) / DAY_MS,
    'audit.review_age_hours': state.records === null ? never('the records') : ageOf(state.records.time) / HOUR_MS,
    'audit.unacknowledged_findings': isBehind ? unseen : late + state.omitted,
    'audit.incomplete_records': isBehind ? unseen : state.incomplete.length + state.more_incomplete,
  };
}

async function retentionFacts({ retention, index }: AuditFactsSources, scope: Scope): Promise<AuditStatus> {
  if (retention === undefined) return {};
  const { classes, archiveAfter } = retention.policy;
  const periods = AUDIT_CLASSES.map((name) => classes[name]?.keep);
  const kept = Math.min(...periods.map(monthsOf));
  return {
    'retention.kept_months': kept,
    'retention.searchable_months': searchable(index, Math.min(kept, monthsOf(archiveAfter))),
    'retention.erased_without_certificate': await retention.overdue(OVERDUE_MS, scope),
  };
}

/** What is in the journal can be found; what is in an archive cannot. */
function searchable(index: AuditFactsSources['index'], months: number): number | UnknownFact {
  const state = index?.status().state ?? 'closed';
  if (state === 'current') return months;
  return new UnknownFact('INDEX_NOT_CURRENT', `The index of the journal is ${state}`);
}

function monthsOf(period: Period | undefined): number {
  if (period === undefined) return FOR_EVER_MONTHS;
  return period.unit === 'month' ? period.count : period.count / DAYS_A_MONTH;
}

const AUDIT = 'audit' satisfies KindName;

/** Those that show how the journal is, and nothing of what is in it. */
const SHOWS_NO_RECORD: ReadonlySet<string> = new Set(['getAuditStatus', 'getAuditVerification']);

/** Every way to read the journal over the API, and whether it is itself recorded. */
const AUDIT_READS: Readonly<Record<string, boolean>> = Object.fromEntries(
  Object.entries<Route>(ROUTES).flatMap(([name, { method, permission }]) => {
    const isRead = method === 'GET' && typeof permission === 'object' && permission.kind === AUDIT;
    return isRead && !SHOWS_NO_RECORD.has(name) ? [[name, ROUTE_AUDIT[name as keyof typeof ROUTE_AUDIT] !== null]] : [];
  }),
);

/** Actions of all that is recorded: requests, events by their types, and what the journal says of itself. */
const RECORDED: readonly string[] = [
  ...new Set([
    ...Object.values(ROUTE_AUDIT).flatMap((route) => (route === null ? [] : [SERVER_CODES[route.code].action])),
    ...Object.entries(EVENT_AUDIT).flatMap(([type, row]) => (row === null ? [] : [type])),
    ...Object.values(JOURNAL_CODES).map(({ action }) => action),
  ]),
].sort();
