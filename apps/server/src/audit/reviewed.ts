import type { AuditRecord } from '@roundhouse/audit';
import { type AuditFinding, findingOf, isComplete } from './finding.ts';

/** That somebody has looked. */
export interface Review {
  readonly time: string;
  readonly by: string;
  readonly note: string | null;
}

/** What the records so far come to; made of the journal alone, record by record. */
export interface ReviewState {
  /** All records before it were looked at. */
  readonly next: number;
  /** Findings that nobody has acknowledged, the oldest first. */
  readonly findings: readonly AuditFinding[];
  /** Further ones that had no room, and the number of the last of them. */
  readonly omitted: number;
  readonly last_omitted: number;
  /** Numbers of records that lack something, the first of them, and how many more there are. */
  readonly incomplete: readonly number[];
  readonly more_incomplete: number;
  /** The last reviews of the records, and of accounts and rights. */
  readonly records: Review | null;
  readonly access: Review | null;
}

export const UNREVIEWED: ReviewState = {
  next: 0,
  findings: [],
  omitted: 0,
  last_omitted: -1,
  incomplete: [],
  more_incomplete: 0,
  records: null,
  access: null,
};

const MAX_FINDINGS = 1_000;
const MAX_INCOMPLETE = 1_000;

/** Takes the record that comes next. The same object comes back when there is nothing about it, but for `next`. */
export function reviewed(state: ReviewState, record: AuditRecord): ReviewState {
  const next = { ...acknowledged(state, record), next: record.seq + 1 };
  return withFinding(isComplete(record) ? next : withIncomplete(next, record.seq), findingOf(record));
}

function acknowledged(state: ReviewState, { code, time, actor, details }: AuditRecord): ReviewState {
  if (code !== 'RHA-5010' && code !== 'RHA-5011') return state;
  const note = details?.['note'];
  const review: Review = { time, by: actor.on_behalf_of ?? actor.id, note: typeof note === 'string' ? note : null };
  if (code === 'RHA-5011') return { ...state, access: review };
  const upTo = Number(details?.['up_to'] ?? -1);
  const findings = state.findings.filter(({ seq }) => seq > upTo);
  const isAll = state.last_omitted <= upTo;
  return { ...state, findings, omitted: isAll ? 0 : state.omitted, records: review };
}

function withFinding(state: ReviewState, finding: AuditFinding | undefined): ReviewState {
  if (finding === undefined) return state;
  if (state.findings.length < MAX_FINDINGS) return { ...state, findings: [...state.findings, finding] };
  return { ...state, omitted: state.omitted + 1, last_omitted: finding.seq };
}

function withIncomplete(state: ReviewState, seq: number): ReviewState {
  if (state.incomplete.length < MAX_INCOMPLETE) return { ...state, incomplete: [...state.incomplete, seq] };
  return { ...state, more_incomplete: state.more_incomplete + 1 };
}
