import type { RoundhouseError } from '@roundhouse/core';
import type { Choice, ChoiceReason } from './choose.ts';
import { trafficError } from './errors.ts';
import { type CandidateExplanation, explain } from './explain.ts';

export interface RefusalContext {
  readonly group: string;
  /** Id of the decision. */
  readonly decision: number;
  /** Requests that wait, where the request was refused because they are too many. */
  readonly queueLength: number | undefined;
}

/** Endpoints that the message names one by one; of the rest it says how many. */
const MAX_NAMED = 20;
/** Endpoints that the details list. */
const MAX_LISTED = 100;

/** The error of a choice that found no endpoint: QUEUE_FULL, GROUP_FULL or NO_ENDPOINT. It names who was excluded and why. */
export function refusalOf(choice: Choice, ids: readonly string[], context: RefusalContext): RoundhouseError {
  const { group, decision, queueLength } = context;
  const { candidates } = explain(choice, ids);
  const excluded = candidates.slice(0, MAX_LISTED).map(({ id, reason }) => ({ endpoint: id, reason }));
  const details = { group, summary: summarize(candidates), decision, excluded };
  if (queueLength !== undefined) return trafficError('QUEUE_FULL', { details: { ...details, waiting: queueLength } });
  return trafficError(codeOf(choice.reason), { details });
}

function codeOf(reason: ChoiceReason): 'GROUP_FULL' | 'NO_ENDPOINT' {
  return reason === 'full' ? 'GROUP_FULL' : 'NO_ENDPOINT';
}

function summarize(candidates: readonly CandidateExplanation[]): string {
  if (candidates.length === 0) return 'it has none';
  const named = candidates.slice(0, MAX_NAMED).map(({ id, reason }) => `${id} ${reason.replaceAll('_', ' ')}`);
  const rest = candidates.length - named.length;
  return rest > 0 ? `${named.join(', ')}, and ${rest} more` : named.join(', ');
}
