import { KINDS, type Role, type Rule, VERBS } from '@roundhouse/api';
import { createPolicy } from '@roundhouse/server';
import { figure } from './figure.ts';
import type { BenchOptions, Section } from './section.ts';

const ROLES = 20;
const RULES = 50;
const SITES = 20;
const TEAMS = 20;
/** One rule of so many denies. */
const DENY_ONE_IN = 5;
const BATCH = 500;
const WARM_UP_ROUNDS = 10;

type Policy = ReturnType<typeof createPolicy>;
type Request = Parameters<Policy['decide']>[1];

/** A set of roles, all of them held by the caller, and what is asked of it. */
interface Case {
  readonly id: string;
  readonly label: string;
  readonly policy: Policy;
  readonly requests: readonly Request[];
  /** CPU µs a decision, one a round. */
  readonly times: number[];
}

const ROLE_IDS = Array.from({ length: ROLES }, (_, index) => `role-${index}`);

/** What it costs to decide whether a caller may do something. */
export async function measure({ quick }: BenchOptions): Promise<Section> {
  const rounds = quick ? 5 : 21;
  const roundMs = quick ? 5 : 20;
  const cases = [
    caseOf('mixed', 'mixed rules', mixedRule),
    caseOf('unmet', 'all about it, none met', (index, role) => ({
      effect: index % DENY_ONE_IN === 0 ? 'deny' : 'allow',
      verbs: ['*'],
      kinds: ['*'],
      labels: { site: `elsewhere-${role}-${index}` },
    })),
    caseOf('half_met', 'all about it, one label of two met', (index, role) => ({
      effect: index % DENY_ONE_IN === 0 ? 'deny' : 'allow',
      verbs: ['*'],
      kinds: ['*'],
      labels: { site: `site-${index % SITES}`, team: `elsewhere-${role}-${index}` },
    })),
  ];
  for (let round = 0; round < WARM_UP_ROUNDS + rounds; round++) {
    for (const each of cases) {
      const time = timeOf(each, roundMs);
      if (round >= WARM_UP_ROUNDS) each.times.push(time);
    }
  }
  return {
    title: 'Decision of the policy',
    figures: cases.map(({ id, label, times }) => figure(`policy.${id}`, label, 'CPU µs', times)),
    notes: [
      `${ROLES} roles of ${RULES} rules, all of them held by the caller; ${rounds} rounds of ${roundMs} ms a row, interleaved in one process, CPU time of all threads.`,
      'Mixed rules: two verbs and two kinds each, with conditions on two labels; every verb on every kind is asked in turn, for things with three labels.',
      `The two others are hard for a table: every rule is about every verb and kind, and asks for labels that nothing has; in the last row one rule in ${SITES} is met by the first of its labels and not by the second, which is the worst to be found and has no bar.`,
    ],
  };
}

function caseOf(id: string, label: string, ruleOf: (index: number, role: number) => Rule): Case {
  const roles: Role[] = ROLE_IDS.map((role, number) => ({
    id: role,
    rules: Array.from({ length: RULES }, (_, index) => ruleOf(index, number)),
  }));
  const requests = VERBS.flatMap((verb) =>
    KINDS.map((kind, index) => ({
      verb,
      kind,
      id: `thing-${index}`,
      labels: { site: `site-${index % SITES}`, team: `team-${(index * 7) % TEAMS}`, region: 'eu' },
    })),
  );
  return { id, label, policy: createPolicy(roles), requests, times: [] };
}

/** About some verbs on some kinds, under conditions. */
function mixedRule(index: number, role: number): Rule {
  const turn = role * RULES + index;
  const pick = <T>(from: readonly T[], step: number): T => from[(turn * step) % from.length] as T;
  return {
    effect: turn % DENY_ONE_IN === 0 ? 'deny' : 'allow',
    verbs: [pick(VERBS, 3), pick(VERBS, 5)],
    kinds: [pick(KINDS, 1), pick(KINDS, 7)],
    labels: { site: [`site-${turn % SITES}`, `site-${(turn + 3) % SITES}`], team: `team-${(turn * 11) % TEAMS}` },
  };
}

/** µs of CPU time a decision, over at least `durationMs`. */
function timeOf({ policy, requests }: Case, durationMs: number): number {
  const before = process.cpuUsage();
  let decisions = 0;
  for (const end = performance.now() + durationMs; performance.now() < end; ) {
    for (const stop = decisions + BATCH; decisions < stop; decisions++) {
      policy.decide(ROLE_IDS, requests[decisions % requests.length] as Request);
    }
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / decisions;
}
