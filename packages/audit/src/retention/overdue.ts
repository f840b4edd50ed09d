import type { ArchiveFacts, SegmentFacts } from './facts.ts';
import type { RetentionPlan } from './plan.ts';

/**
 * How many segments and archives have been past their period for more than `graceMs` and can still be read, holds aside;
 * and how many segments are erased without a certificate. `facts` are those that the plan was made of.
 */
export function overdueOf(
  facts: readonly (SegmentFacts | ArchiveFacts)[],
  { at, steps }: RetentionPlan,
  graceMs: number,
): number {
  return facts.filter((each, index) => {
    if (each.kind === 'segment' && each.isErased) return !each.isCertified;
    const { dueAt, holds } = steps[index] ?? {};
    return dueAt !== undefined && dueAt + graceMs <= at && holds?.length === 0;
  }).length;
}
