import { AUDIT_CLASSES, type AuditClass } from '../record/entry.ts';
import type { ArchiveFacts, RecordFacts, SegmentFacts } from './facts.ts';
import { isTouched, type LegalHold } from './hold.ts';
import { endOf, type Period } from './period.ts';

export interface ClassRetention {
  readonly keep: Period;
  /**
   * `remove`: the file goes, when it is the first one. `erase`: the key is destroyed as soon as the time is over, whatever
   * stands before, with a certificate; the file follows when it is the first one.
   */
  readonly mode: 'remove' | 'erase';
}

export interface RetentionPolicy {
  /** A class that is not named is kept for ever. */
  readonly classes: Partial<Readonly<Record<AuditClass, ClassRetention>>>;
  /** How long closed segments stay in the journal before they are archived. Undefined: there is no archive. */
  readonly archiveAfter?: Period;
}

type RetentionAction = 'keep' | 'archive' | 'erase' | 'remove';

/**
 * Why. `open`: it is being written. `interrupted`: its removal was begun. `unreadable`: damaged, or its key is lost, and evidence of that. `held`. `kept_for_ever`: a class in it has no period. `period`: it is not over. `order`:
 * it may go, and one before it may not. `archive_due`, `due`: the period is over. `archived`: its archive has it.
 * `certificate`: its key is destroyed already, and nothing says so.
 */
type RetentionReason =
  | 'open'
  | 'interrupted'
  | 'unreadable'
  | 'held'
  | 'kept_for_ever'
  | 'period'
  | 'order'
  | 'archive_due'
  | 'archived'
  | 'due'
  | 'certificate';

export interface PlannedStep {
  readonly kind: 'segment' | 'archive';
  readonly segment: number;
  readonly action: RetentionAction;
  readonly reason: RetentionReason;
  /** Whether the key is destroyed, with a certificate. */
  readonly erases: boolean;
  /** Whether the file goes. */
  readonly removes: boolean;
  /** When the longest period of what is in it is over, ms since 1970; undefined: never, or not known yet. */
  readonly dueAt: number | undefined;
  /** Ids of the holds that keep it. */
  readonly holds: readonly string[];
}

export interface RetentionPlan {
  /** ms since 1970. */
  readonly at: number;
  readonly steps: readonly PlannedStep[];
}

/** What is to be done with each segment and archive, and why. `facts` are in the order of the segments. */
export function planRetention(
  facts: readonly (SegmentFacts | ArchiveFacts)[],
  policy: RetentionPolicy,
  holds: readonly LegalHold[],
  now: number,
): RetentionPlan {
  let isFirst = true;
  const steps = facts.map((each) => {
    const held = holds.filter((hold) => isTouched(each, hold)).map(({ id }) => id);
    if (each.kind === 'archive') return archiveStep(each, policy, held, now);
    const step = segmentStep(each, policy, held, now, isFirst);
    isFirst &&= step.removes;
    return step;
  });
  return { at: now, steps };
}

function segmentStep(
  facts: SegmentFacts,
  policy: RetentionPolicy,
  holds: readonly string[],
  now: number,
  isFirst: boolean,
): PlannedStep {
  const { isOpen, isSealed, isErased, isCertified, isArchived, isPruned } = facts;
  const dueAt = dueTime(facts, policy);
  const base = { kind: 'segment', segment: facts.segment, dueAt, holds } as const;
  const owesCertificate = isErased && !isCertified;
  const step = (action: RetentionAction, reason: RetentionReason, does: Partial<PlannedStep> = {}): PlannedStep =>
    action === 'keep' && owesCertificate
      ? { ...base, action: 'erase', reason: 'certificate', erases: true, removes: false }
      : { ...base, action, reason, erases: owesCertificate, removes: false, ...does };
  if (isOpen) return step('keep', 'open', { dueAt: undefined });
  if (isPruned && holds.length === 0) {
    return isFirst ? step('remove', 'interrupted', { removes: true }) : step('keep', 'order');
  }
  if (facts.fault !== undefined) return step('keep', 'unreadable');
  if (holds.length > 0) return step('keep', 'held');
  if (dueAt !== undefined && dueAt <= now) {
    const erases = owesCertificate || (isSealed && !isErased && asksToErase(facts, policy));
    if (isFirst) return step('remove', 'due', { erases, removes: true });
    return erases && !isErased ? step('erase', 'due', { erases }) : step('keep', 'order');
  }
  const { archiveAfter } = policy;
  if (archiveAfter !== undefined && !isErased && endOf(facts.to, archiveAfter) <= now) {
    if (!isArchived) return step('archive', 'archive_due', { removes: isFirst });
    return isFirst ? step('remove', 'archived', { removes: true }) : step('keep', 'order');
  }
  return step('keep', dueAt === undefined ? 'kept_for_ever' : 'period');
}

/** Archives have no order to keep. */
function archiveStep(facts: ArchiveFacts, policy: RetentionPolicy, holds: readonly string[], now: number): PlannedStep {
  const { segment, isSealed } = facts;
  const dueAt = dueTime(facts, policy);
  const base = { kind: 'archive', segment, erases: false, removes: false, dueAt, holds } as const;
  if (holds.length > 0) return { ...base, action: 'keep', reason: 'held' };
  if (dueAt === undefined) return { ...base, action: 'keep', reason: 'kept_for_ever' };
  if (dueAt > now) return { ...base, action: 'keep', reason: 'period' };
  const erases = isSealed && asksToErase(facts, policy);
  return { ...base, action: 'remove', reason: 'due', erases, removes: true };
}

/** When the last of the periods is over. What cannot be read may be of any class. */
function dueTime({ classes, to }: RecordFacts, policy: RetentionPolicy): number | undefined {
  const lasts: readonly (readonly [AuditClass, number])[] =
    classes === undefined
      ? AUDIT_CLASSES.map((name) => [name, to])
      : Object.entries(classes).map(([name, { last }]) => [name as AuditClass, last]);
  let due = to;
  for (const [name, last] of lasts) {
    const kept = policy.classes[name];
    if (kept === undefined) return undefined;
    due = Math.max(due, endOf(last, kept.keep));
  }
  return due;
}

function asksToErase({ classes = {} }: RecordFacts, policy: RetentionPolicy): boolean {
  return Object.keys(classes).some((name) => policy.classes[name as AuditClass]?.mode === 'erase');
}
