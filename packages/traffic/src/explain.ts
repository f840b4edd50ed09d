import { RENDEZVOUS_SCORES } from './affinity.ts';
import { type Exclusion, EXCLUSION, EXCLUSION_NAMES, type ExclusionName } from './candidates.ts';
import type { AffinityOutcome, Choice, ChoiceReason } from './choose.ts';
import { STRATEGIES, type StrategyName } from './strategy/strategies.ts';

export interface CandidateExplanation {
  readonly id: string;
  /** Null where nothing was calculated for it. */
  readonly score: number | null;
  readonly eligible: boolean;
  /** Why it was no candidate. */
  readonly reason: ExclusionName;
}

/** A choice in plain words and values that can be serialised. */
export interface Explanation {
  /** Id of the endpoint; null for none. */
  readonly chosen: string | null;
  readonly strategy: StrategyName;
  readonly affinity: AffinityOutcome;
  readonly reason: ChoiceReason;
  /** How to read the scores; null where there are none. */
  readonly scores: string | null;
  readonly candidates: readonly CandidateExplanation[];
}

/** `ids` are those of the candidates at the time of the choice. */
export function explain(choice: Choice, ids: readonly string[]): Explanation {
  const { index, strategy, affinity, reason } = choice;
  return {
    chosen: index < 0 ? null : (ids[index] as string),
    strategy,
    affinity,
    reason,
    scores: meaningOfScores(choice),
    candidates: ids.slice(0, choice.size).map((id, row) => {
      const score = choice.scores[row] as number;
      const code = choice.exclusions[row] as Exclusion;
      return {
        id,
        score: Number.isNaN(score) ? null : score,
        eligible: code === EXCLUSION.None,
        reason: EXCLUSION_NAMES[code],
      };
    }),
  };
}

function meaningOfScores({ index, strategy, affinity }: Choice): string | null {
  if (index < 0 || affinity === 'named' || affinity === 'sticky') return null;
  return affinity === 'hash' ? RENDEZVOUS_SCORES : STRATEGIES[strategy].scores;
}
