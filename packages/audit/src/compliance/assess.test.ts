import { describe, expect, it } from 'vitest';
import { assess } from './assess.ts';
import { factSheet, type GatheredFacts } from './fact/gather.ts';
import { PASSING } from './fact/passing.fixture.ts';
import { compileRule } from './rule/rule.ts';
import type { Waiver } from './rule/waiver.ts';

const NOW = Date.UTC(2026, 10, 22);
const DAY_MS = 86_400_000;
const RULE = compileRule({
  id: 'X-1',
  title: 'Locked out soon',
  type: 'password_policy',
  severity: 'high',
  expression: 'lockout.max_failures <= params.max && lockout.lock_minutes > 1',
  parameters: { max: 10 },
  remediation: { text: 'Do.' },
});
const PROFILE = { id: 'p', title: 'P', notes: 'N', rules: undefined, parameters: {} };

function resultOf(facts: GatheredFacts, waivers: readonly Waiver[] = [], parameters: Record<string, object> = {}) {
  const assessed = assess({
    rules: [RULE],
    profile: { ...PROFILE, parameters: parameters as never },
    facts: factSheet(facts, NOW),
    waivers,
    now: NOW,
  });
  const [result] = assessed.results;
  if (result === undefined) throw new Error('no result');
  return { ...assessed, result };
}

const waiver = (days: number, more: Partial<Waiver> = {}): Waiver => ({
  rule: 'X-1',
  owner: 'jane',
  reason: 'A new host comes in spring',
  expiresAt: NOW + days * DAY_MS,
  ...more,
});

describe('an assessment', () => {
  it('takes parameters of the profile before those of the rule', () => {
    const facts = { ...PASSING, 'lockout.max_failures': 8 };
    expect(resultOf(facts).result.status).toBe('pass');
    expect(resultOf(facts, [], { 'X-1': { max: 5 } }).result.status).toBe('fail');
  });

  it('keeps each fact with its time and source, and says what is not known and why', () => {
    const { result } = resultOf({ 'lockout.max_failures': 10 });
    expect(result.status).toBe('unknown');
    expect(result.reason).toMatch(/^lockout\.lock_minutes: .*\(FACT_NOT_PROVIDED\)$/);
    expect(result.evidence.facts).toMatchObject([
      { name: 'lockout.lock_minutes', state: 'unknown', code: 'FACT_NOT_PROVIDED', at: NOW },
      { name: 'lockout.max_failures', state: 'known', value: 10, at: NOW, source: 'configuration in force' },
    ]);
  });

  it('passes nothing while a fact is not known, even one that would not matter', () => {
    const either = compileRule({ ...RULE, expression: 'lockout.max_failures <= 10 || lockout.lock_minutes > 1' });
    const of = (facts: GatheredFacts) =>
      assess({ rules: [either], profile: PROFILE, facts: factSheet(facts, NOW), waivers: [], now: NOW }).results[0]
        ?.status;
    expect(of({ 'lockout.max_failures': 10 })).toBe('unknown');
    expect(of({ 'lockout.max_failures': 10, 'lockout.lock_minutes': 0 })).toBe('pass');
  });

  it('tells a violation that is certain, whatever else is not known', () => {
    expect(resultOf({ 'lockout.max_failures': 11 }).result.status).toBe('fail');
  });

  it('gives the same digest for the same, and another when a fact, a parameter or the time is another', () => {
    const first = resultOf(PASSING);
    expect(resultOf(PASSING).digest).toBe(first.digest);
    expect(first.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    const others = [resultOf({ ...PASSING, 'lockout.max_failures': 9 }), resultOf(PASSING, [], { 'X-1': { max: 11 } })];
    for (const { digest, result } of others) {
      expect(digest).not.toBe(first.digest);
      expect(result.evidence.digest).not.toBe(first.result.evidence.digest);
    }
    // A fact that the rule does not ask for is no part of its evidence.
    expect(resultOf({ ...PASSING, 'audit.is_intact': false }).digest).toBe(first.digest);
  });

  it.each([
    [{ 'lockout.max_failures': 11 }, 'fail'],
    [{}, 'unknown'],
  ] as const)('is waived with what it would have been: %j is %s', (facts, wouldBe) => {
    const { result, summary } = resultOf(facts, [waiver(1)]);
    expect(result).toMatchObject({ status: 'waived', wouldBe, waiver: { owner: 'jane', isExpired: false } });
    expect(summary).toEqual({ pass: 0, fail: 0, waived: 1, not_applicable: 0, unknown: 0 });
  });

  it('does not waive what passes', () => {
    expect(resultOf(PASSING, [waiver(1)]).result).toMatchObject({ status: 'pass', wouldBe: null });
  });

  it('does not count a waiver from the moment at which it ends, and shows it still', () => {
    const { result } = resultOf({ 'lockout.max_failures': 11 }, [waiver(0), waiver(-3)]);
    expect(result).toMatchObject({ status: 'fail', wouldBe: null, waiver: { isExpired: true, expiresAt: NOW } });
  });

  it('counts the waiver of a rule that lasts longest, and none of another rule', () => {
    const facts = { 'lockout.max_failures': 11 };
    expect(resultOf(facts, [waiver(-1), waiver(2, { owner: 'joe' })]).result).toMatchObject({
      status: 'waived',
      waiver: { owner: 'joe' },
    });
    expect(resultOf(facts, [waiver(2, { rule: 'X-2' })]).result).toMatchObject({ status: 'fail', waiver: null });
  });
});
