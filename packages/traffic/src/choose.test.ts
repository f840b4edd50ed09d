import { describe, expect, it } from 'vitest';
import { hashText } from './affinity.ts';
import { EXCLUSION, STANDING } from './candidates.ts';
import { CandidateTable } from './candidateTable.ts';
import { type ChoicePolicy, type ChoiceRequest, choose } from './choose.ts';
import { explain } from './explain.ts';
import { seededRandom } from './seededRandom.ts';
import { EMPTY_MEMORY } from './strategy/strategy.ts';

interface Row {
  readonly weight?: number;
  readonly priority?: number;
  readonly standing?: number;
  readonly active?: number;
  readonly limit?: number;
  readonly readyAt?: number;
  readonly exclusion?: number;
}

const POLICY: ChoicePolicy = { strategy: 'round_robin', panic: 'queue', panicThreshold: 0, loadFactor: 1.25 };
const REQUEST: ChoiceRequest = { now: 1000, named: -1, sticky: -1, keyHash: null, exclusions: null };

function tableOf(rows: readonly Row[]): CandidateTable {
  const table = new CandidateTable();
  rows.forEach((given, index) => {
    const row = table.append('abcdefghijklmnopqrstuvwxyz'[index] as string);
    table.weight[row] = given.weight ?? 1;
    table.priority[row] = given.priority ?? 0;
    table.standing[row] = given.standing ?? STANDING.Healthy;
    table.active[row] = given.active ?? 0;
    table.limit[row] = given.limit ?? Infinity;
    table.readyAt[row] = given.readyAt ?? -Infinity;
    table.exclusion[row] = given.exclusion ?? EXCLUSION.None;
  });
  return table;
}

/** The choice as it is explained, with `why` as a word for each row. */
function decide(rows: readonly Row[], request: Partial<ChoiceRequest> = {}, policy: Partial<ChoicePolicy> = {}) {
  const table = tableOf(rows);
  const { size } = table;
  const buffers = {
    rows: new Uint32Array(size),
    scores: new Float64Array(size),
    exclusions: new Uint8Array(size),
  };
  const choice = choose(
    table,
    { ...REQUEST, ...request },
    { ...POLICY, ...policy },
    EMPTY_MEMORY,
    seededRandom(1),
    buffers,
  );
  const explanation = explain(choice, table.ids);
  return { ...explanation, why: explanation.candidates.map(({ reason }) => reason).join(' ') };
}

const SICK = { exclusion: EXCLUSION.Unhealthy };

describe('choose', () => {
  it.each<[string, Row, string]>([
    ['unhealthy', SICK, 'unhealthy'],
    ['ejected', { exclusion: EXCLUSION.Ejected }, 'ejected'],
    ['drained', { exclusion: EXCLUSION.Draining }, 'draining'],
    ['at its limit', { active: 5, limit: 5 }, 'full'],
    ['without weight', { weight: 0 }, 'no_weight'],
    ['beyond its logon rate', { readyAt: 1000.5 }, 'throttled'],
    ['of a lower tier', { priority: 1 }, 'lower_priority'],
    ['degraded', { standing: STANDING.Degraded }, 'not_preferred'],
    ['unknown and in use', { standing: STANDING.Unknown, active: 1 }, 'not_preferred'],
  ])('passes over an endpoint that is %s, and says so', (_what, row, reason) => {
    expect(decide([row, {}])).toMatchObject({ chosen: 'b', reason: 'chosen', why: `${reason} none` });
  });

  it('tries out an unknown endpoint with one lease while others are healthy', () => {
    expect(decide([{ standing: STANDING.Unknown }, { active: 9 }])).toMatchObject({ chosen: 'a', why: 'none none' });
  });

  it('takes unknown and degraded endpoints where nothing is healthy', () => {
    const rows = [{ standing: STANDING.Degraded }, { standing: STANDING.Unknown, active: 3 }, SICK];
    expect(decide(rows)).toMatchObject({ chosen: 'a', why: 'none none unhealthy' });
  });

  it('prefers a degraded endpoint of a better tier to a healthy one of a lower', () => {
    expect(decide([{ priority: 1 }, { standing: STANDING.Degraded }])).toMatchObject({ chosen: 'b' });
  });

  it('goes to the next tier when the first is full, but waits when it is only throttled', () => {
    expect(decide([{ active: 1, limit: 1 }, { priority: 3 }, { priority: 2 }])).toMatchObject({
      chosen: 'c',
      why: 'full lower_priority none',
    });
    expect(decide([{ readyAt: 2000 }, { priority: 2 }])).toMatchObject({
      chosen: null,
      reason: 'full',
      why: 'throttled lower_priority',
    });
  });

  it.each<[string, Row[], Partial<ChoiceRequest>, string]>([
    ['empty', [], {}, 'empty'],
    ['full', [SICK, { active: 1, limit: 1 }], {}, 'full'],
    ['panic', [SICK, { exclusion: EXCLUSION.Draining }], {}, 'panic'],
    ['panic', [SICK, SICK, {}, { limit: 0 }], {}, 'panic'],
    ['unavailable', [{ weight: 0 }, { exclusion: EXCLUSION.Draining }], {}, 'unavailable'],
    ['unavailable', [{}, {}], { exclusions: Uint8Array.of(EXCLUSION.Avoided, EXCLUSION.TooSmall) }, 'unavailable'],
  ])('finds none and says %s', (_word, rows, request, reason) => {
    expect(decide(rows, request, { panicThreshold: 0.55 })).toMatchObject({ chosen: null, reason, scores: null });
  });

  describe('in panic', () => {
    const rows = [SICK, SICK, { exclusion: EXCLUSION.Ejected }, {}, { exclusion: EXCLUSION.Draining }];

    it('is not while the share of healthy ones reaches the threshold', () => {
      expect(decide(rows, {}, { panicThreshold: 0.25 })).toMatchObject({ chosen: 'd', reason: 'chosen' });
    });

    it('holds requests back from the few that are left', () => {
      expect(decide(rows, {}, { panicThreshold: 0.5 })).toMatchObject({
        chosen: null,
        reason: 'panic',
        why: 'unhealthy unhealthy ejected tier_in_panic draining',
      });
    });

    it('spreads over the sick as well, but not over what is drained or full', () => {
      const spread = { panic: 'spread', panicThreshold: 0.5 } as const;
      expect(decide([...rows, { ...SICK, limit: 0 }], {}, spread)).toMatchObject({
        chosen: 'a',
        reason: 'panic_spread',
        why: 'none none none none draining unhealthy',
      });
    });

    it('spreads without a threshold when nothing is healthy, in the first tier', () => {
      expect(decide([{ ...SICK, priority: 1 }, SICK], {}, { panic: 'spread' })).toMatchObject({
        chosen: 'b',
        reason: 'panic_spread',
      });
    });

    it('looks for a calm tier first', () => {
      const tiers = [...rows, { priority: 1 }];
      expect(decide(tiers, {}, { panic: 'spread', panicThreshold: 0.5 })).toMatchObject({
        chosen: 'f',
        reason: 'chosen',
      });
    });
  });

  describe('with affinity', () => {
    it('takes the endpoint that is named, whatever its tier, and no other', () => {
      expect(decide([{}, { priority: 9 }], { named: 1 })).toMatchObject({ chosen: 'b', affinity: 'named' });
      expect(decide([{}, { active: 1, limit: 1 }], { named: 1 })).toMatchObject({ chosen: null, why: 'avoided full' });
      expect(decide([{}, SICK], { named: 1 }, { panic: 'spread' })).toMatchObject({ chosen: null, reason: 'panic' });
    });

    it('takes the endpoint where the key was, even a degraded one, if its tier is the one', () => {
      const degraded = { standing: STANDING.Degraded };
      expect(decide([{}, degraded], { sticky: 1 })).toMatchObject({ chosen: 'b', affinity: 'sticky' });
      expect(decide([{}, { priority: 1 }], { sticky: 1 })).toMatchObject({ chosen: 'a', affinity: 'none' });
      expect(decide([{}, SICK], { sticky: 1 })).toMatchObject({ chosen: 'a', affinity: 'none' });
    });

    it('takes the endpoint on which the key falls, and scores the others', () => {
      const decision = decide([{}, {}, {}], { keyHash: hashText('joe') });
      expect(decision.affinity).toBe('hash');
      const scores = decision.candidates.map(({ score }) => score as number);
      expect(decision.candidates[scores.indexOf(Math.min(...scores))]?.id).toBe(decision.chosen);
    });
  });

  it('leaves candidates and memory as they were', () => {
    const table = tableOf([{ weight: 2 }, {}]);
    const before = structuredClone({ ...table });
    const memory = Object.freeze({ turn: -1, credit: Object.freeze([0, 0]) });
    const buffers = { rows: new Uint32Array(2), scores: new Float64Array(2), exclusions: new Uint8Array(2) };
    const policy = { ...POLICY, strategy: 'weighted_round_robin' } as const;
    const choice = choose(table, REQUEST, policy, memory, seededRandom(1), buffers);
    expect({ ...table }).toEqual(before);
    expect(choice.memory.credit).toEqual([-1, 1]);
  });
});
