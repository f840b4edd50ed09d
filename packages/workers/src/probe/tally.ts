import type { ProbeResult } from '@roundhouse/traffic';
import type { ProbeRole, ProbeSpec } from '../spec/spec.ts';
import type { ProbeStatus } from './contract.ts';

/** What the checks of one role have come to. */
export interface Tally {
  readonly status: ProbeStatus;
  readonly last: 'success' | 'failure' | undefined;
  /** How often in a row it came so, since that was told. */
  readonly inRow: number;
}

export const UNTRIED: Tally = {
  status: { status: 'unknown', checkedAt: null, elapsedMs: null, failures: 0, code: null, message: null, steps: [] },
  last: undefined,
  inRow: 0,
};

/** One that answers, but not as it should, passes. */
export function count(
  before: Tally,
  { outcome, elapsedMs, error, steps }: ProbeResult,
  role: ProbeRole,
  { successThreshold, failureThreshold }: Pick<ProbeSpec, 'successThreshold' | 'failureThreshold'>,
  now: number,
): { readonly tally: Tally; readonly isTold: boolean } {
  const came = outcome === 'failed' ? 'failure' : 'success';
  const inRow = came === before.last ? before.inRow + 1 : 1;
  // Both of these end or begin something; Kubernetes knows no other threshold for them.
  const isVital = role !== 'readiness';
  const threshold = came === 'failure' ? failureThreshold : isVital ? 1 : successThreshold;
  const isReached = inRow >= threshold;
  const status: ProbeStatus = {
    status: isReached ? came : before.status.status,
    checkedAt: now,
    elapsedMs,
    failures: came === 'failure' ? before.status.failures + 1 : 0,
    code: error?.code ?? null,
    message: error?.message ?? null,
    steps,
  };
  const isRepeated = isVital && came === 'failure';
  return {
    tally: { status, last: came, inRow: isReached && isRepeated ? 0 : inRow },
    isTold: isReached && (isRepeated || before.status.status !== came),
  };
}
