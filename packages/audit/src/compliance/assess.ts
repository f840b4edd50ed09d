import { isRoundhouseError } from '@roundhouse/core';
import { digestOf } from './digest.ts';
import type { FactName } from './fact/catalogue.ts';
import type { FactSheet, FactState } from './fact/gather.ts';
import type { Parameters } from './rule/expression.ts';
import type { Profile } from './rule/profile.ts';
import type { Rule } from './rule/rule.ts';
import { type Waiver, waiverOf } from './rule/waiver.ts';

export const STATUSES = ['pass', 'fail', 'waived', 'not_applicable', 'unknown'] as const;
export type Status = (typeof STATUSES)[number];

/** What a rule was judged by. */
interface Evidence {
  readonly facts: ReadonlyArray<{ readonly name: FactName } & FactState>;
  readonly parameters: Parameters;
  /** Of rule, expression, parameters and facts. */
  readonly digest: string;
}

export interface RuleResult {
  readonly rule: Rule;
  readonly status: Status;
  /** What it would be without its waiver; null where there is none that counts. */
  readonly wouldBe: 'fail' | 'unknown' | null;
  /** Why it is not known; null where it is. */
  readonly reason: string | null;
  readonly evidence: Evidence;
  readonly waiver: (Waiver & { readonly isExpired: boolean }) | null;
}

/** One evaluation of the rules of a profile. */
export interface Assessment {
  readonly profile: Profile;
  /** ms since 1970. */
  readonly at: number;
  readonly results: readonly RuleResult[];
  readonly summary: Readonly<Record<Status, number>>;
  /** Of all results. */
  readonly digest: string;
}

export interface AssessmentInput {
  readonly rules: readonly Rule[];
  readonly profile: Profile;
  readonly facts: FactSheet;
  readonly waivers: readonly Waiver[];
  /** ms since 1970. */
  readonly now: number;
}

/** Judges the facts. Pure: the same input gives the same assessment, digest included. */
export function assess({ rules, profile, facts, waivers, now }: AssessmentInput): Assessment {
  const results = rules
    .filter(({ id }) => profile.rules?.includes(id) ?? true)
    .map((rule) => resultOf(rule, { ...rule.parameters, ...profile.parameters[rule.id] }, facts, waivers, now));
  const summary = Object.fromEntries(
    STATUSES.map((status) => [status, results.filter((result) => result.status === status).length]),
  ) as Record<Status, number>;
  const digest = digestOf({
    profile: profile.id,
    at: now,
    results: results.map(({ rule, status, wouldBe, evidence }) => [rule.id, status, wouldBe, evidence.digest]),
  });
  return { profile, at: now, results, summary, digest };
}

interface Judgement {
  readonly status: 'pass' | 'fail' | 'not_applicable' | 'unknown';
  readonly reason: string | null;
}

function resultOf(
  rule: Rule,
  parameters: Parameters,
  facts: FactSheet,
  waivers: readonly Waiver[],
  now: number,
): RuleResult {
  const { status, reason } = judge(rule, parameters, facts);
  const evidence = evidenceOf(rule, parameters, facts);
  const found = waiverOf(rule.id, waivers);
  const waiver = found === undefined ? null : { ...found, isExpired: found.expiresAt <= now };
  const counts = waiver !== null && !waiver.isExpired;
  const wouldBe = counts && (status === 'fail' || status === 'unknown') ? status : null;
  return { rule, status: wouldBe === null ? status : 'waived', wouldBe, reason, evidence, waiver };
}

/**
 * A violation that is certain is one, whatever else is not known: no gap in what is known hides it. To pass, every fact
 * has to be known, also one that would not matter.
 */
function judge(rule: Rule, parameters: Parameters, facts: FactSheet): Judgement {
  const missing = rule.needs.flatMap((name) => {
    const state = facts[name];
    return state.state === 'unknown' ? [`${name}: ${state.reason} (${state.code})`] : [];
  });
  const unknown: Judgement = {
    status: 'unknown',
    reason: missing.length > 0 ? missing.join('; ') : 'an entry of a list lacks what the rule asks for',
  };
  try {
    const applies = rule.condition?.evaluate(facts, parameters) ?? true;
    if (applies === 'unknown') return unknown;
    if (!applies) return { status: 'not_applicable', reason: null };
    const truth = rule.test.evaluate(facts, parameters);
    if (truth === false) return { status: 'fail', reason: null };
    return truth === true && missing.length === 0 ? { status: 'pass', reason: null } : unknown;
  } catch (error) {
    if (!isRoundhouseError(error)) throw error;
    return { status: 'unknown', reason: `${error.message} (${error.code})` };
  }
}

function evidenceOf({ id, expression, applies, needs }: Rule, parameters: Parameters, sheet: FactSheet): Evidence {
  const facts = needs.map((name) => ({ name, ...sheet[name] }));
  return { facts, parameters, digest: digestOf({ rule: id, expression, applies: applies ?? null, parameters, facts }) };
}
