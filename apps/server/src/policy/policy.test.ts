import { KINDS, type Role, type Rule, VERBS } from '@roundhouse/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AccessRequest, createPolicy } from './policy.ts';

const get: AccessRequest = { verb: 'get', kind: 'session' };

function roleOf(id: string, ...rules: Rule[]): Role {
  return { id, rules };
}

const READ: Rule = { verbs: ['get'], kinds: ['session'] };

describe('a decision', () => {
  const policy = createPolicy([
    roleOf('reader', { verbs: ['input'], kinds: ['session'] }, READ),
    roleOf('everything', { verbs: ['*'], kinds: ['*'] }),
    roleOf('not-sessions', { effect: 'deny', verbs: ['*'], kinds: ['session'] }),
    roleOf('empty'),
  ]);

  it.each([
    [[], false, 'no rule allows'],
    [['empty'], false, 'no rule allows'],
    [['unknown'], false, 'no rule allows'],
    [['__proto__', 'constructor'], false, 'no rule allows'],
    [['reader'], true, 'allowed by reader rule 2'],
    [['unknown', 'reader'], true, 'allowed by reader rule 2'],
    [['everything', 'reader'], true, 'allowed by everything rule 1'],
    [['everything', 'not-sessions'], false, 'denied by not-sessions rule 1'],
    [['not-sessions', 'everything'], false, 'denied by not-sessions rule 1'],
  ])('of roles %j on a session is %j: %s', (roles, allowed, reason) => {
    expect(policy.decide(roles, get)).toMatchObject({ allowed, reason });
  });

  it('names the role and the rule, or neither', () => {
    expect(policy.decide(['reader'], get)).toMatchObject({ role: 'reader', rule: 2 });
    expect(policy.decide([], get)).toMatchObject({ role: null, rule: null });
  });

  it('names the first rule that is met, whatever it asks for', () => {
    const conditions: Partial<Rule>[] = [{ own: true }, { labels: { env: 'prod' } }, { ids: ['a'] }, {}];
    const request: AccessRequest = { ...get, id: 'a', labels: { env: 'prod' }, isOwn: true };
    for (let turn = 0; turn < conditions.length; turn++) {
      const rules = conditions.map((condition) => ({ ...READ, ...condition }));
      expect(createPolicy([roleOf('r', ...rules)]).decide(['r'], request).rule).toBe(1);
      conditions.push(conditions.shift() as Partial<Rule>);
    }
  });

  it('knows no rule of another verb or kind', () => {
    expect(policy.decide(['reader'], { verb: 'delete', kind: 'session' }).allowed).toBe(false);
    expect(policy.decide(['reader'], { verb: 'get', kind: 'endpoint' }).allowed).toBe(false);
  });
});

describe('a rule with a condition', () => {
  const cases: readonly (readonly [string, Partial<Rule>, Partial<AccessRequest>, boolean])[] = [
    ['the label', { labels: { env: 'prod' } }, { labels: { env: 'prod', tier: '1' } }, true],
    ['another value', { labels: { env: 'prod' } }, { labels: { env: 'test' } }, false],
    ['no such label', { labels: { env: 'prod' } }, { labels: { tier: 'prod' } }, false],
    ['no labels', { labels: { env: 'prod' } }, {}, false],
    ['a name that every object has', { labels: { constructor: 'x' } }, { labels: {} }, false],
    ['one of the values', { labels: { env: ['prod', 'test'] } }, { labels: { env: 'test' } }, true],
    ['one of two labels', { labels: { env: 'prod', tier: '1' } }, { labels: { env: 'prod' } }, false],
    ['both labels', { labels: { env: 'prod', tier: '1' } }, { labels: { env: 'prod', tier: '1' } }, true],
    ['labels that are none', { labels: {} }, {}, true],
    ['the id', { ids: ['a', 'b'] }, { id: 'b' }, true],
    ['another id', { ids: ['a', 'b'] }, { id: 'c' }, false],
    ['no id', { ids: ['a', 'b'] }, {}, false],
    ['its own', { own: true }, { isOwn: true }, true],
    ['that of another', { own: true }, { isOwn: false }, false],
    ['nobody in particular', { own: true }, {}, false],
    ['own: false, which asks for nothing', { own: false }, {}, true],
    ['all three', { own: true, ids: ['a'], labels: { e: 'p' } }, { isOwn: true, id: 'a', labels: { e: 'p' } }, true],
    [
      'two of three',
      { own: true, ids: ['a'], labels: { e: 'p' } },
      { isOwn: false, id: 'a', labels: { e: 'p' } },
      false,
    ],
  ];

  it.each(cases)('meets %s', (_what, condition, facts, isMet) => {
    const allow = createPolicy([roleOf('r', { ...READ, ...condition })]);
    expect(allow.decide(['r'], { ...get, ...facts }).allowed).toBe(isMet);
    const deny = createPolicy([roleOf('r', READ), roleOf('d', { ...READ, ...condition, effect: 'deny' })]);
    expect(deny.decide(['r', 'd'], { ...get, ...facts }).allowed).toBe(!isMet);
  });
});

describe('what could be allowed', () => {
  const policy = createPolicy([
    roleOf('prod', { ...READ, labels: { env: 'prod' } }),
    roleOf('mine', { ...READ, own: true }),
    roleOf('not-prod', { ...READ, labels: { env: 'prod' }, effect: 'deny' }),
    roleOf('never', { ...READ, effect: 'deny' }),
  ]);

  it.each([
    [['prod'], true],
    [['mine'], true],
    [['prod', 'not-prod'], true],
    [['not-prod'], false],
    [['prod', 'never'], false],
    [['never', 'prod'], false],
    [[], false],
  ])('with roles %j: %j', (roles, could) => {
    expect(policy.couldAllow(roles, 'get', 'session')).toBe(could);
    expect(policy.couldAllow(roles, 'get', 'endpoint')).toBe(false);
  });

  it('is by these roles', () => {
    expect(policy.rolesFor('get', 'session')).toEqual(['prod', 'mine']);
    expect(policy.rolesFor('drain', 'endpoint')).toEqual([]);
  });
});

it('refuses two roles of one name', () => {
  expect(() => createPolicy([roleOf('a'), roleOf('a')])).toThrow(expect.objectContaining({ code: 'ROLE_DUPLICATE' }));
});

/** The same question answered from the rules as they are written. */
function plainly(roles: readonly Role[], held: readonly string[], request: AccessRequest): boolean {
  const met = roles
    .filter(({ id }) => held.includes(id))
    .flatMap(({ rules }) => rules)
    .filter((rule) => {
      const isAbout =
        rule.verbs.some((verb) => verb === '*' || verb === request.verb) &&
        rule.kinds.some((kind) => kind === '*' || kind === request.kind);
      const labels = Object.entries(rule.labels ?? {});
      return (
        isAbout &&
        (rule.own !== true || request.isOwn === true) &&
        (rule.ids === undefined || rule.ids.some((id) => id === request.id)) &&
        labels.every(([name, value]) => [value].flat().some((each) => each === request.labels?.[name]))
      );
    });
  return met.length > 0 && met.every((rule) => rule.effect !== 'deny');
}

const few = fc.constantFrom('a', 'b', 'c');
const ruleArbitrary = fc.record(
  {
    effect: fc.constantFrom('allow' as const, 'deny' as const),
    verbs: fc.uniqueArray(fc.constantFrom('*' as const, 'get' as const, 'list' as const), { minLength: 1 }),
    kinds: fc.uniqueArray(fc.constantFrom('*' as const, 'session' as const, 'event' as const), { minLength: 1 }),
    labels: fc.dictionary(few, fc.oneof(few, fc.uniqueArray(few, { minLength: 1 }))),
    ids: fc.uniqueArray(few, { minLength: 1 }),
    own: fc.boolean(),
  },
  { requiredKeys: ['verbs', 'kinds'] },
);
const rolesArbitrary = fc.uniqueArray(
  fc.record({ id: fc.constantFrom('r1', 'r2', 'r3'), rules: fc.array(ruleArbitrary, { maxLength: 4 }) }),
  { selector: ({ id }) => id },
);
const requestArbitrary = fc.record(
  {
    verb: fc.constantFrom('get' as const, 'list' as const, 'drain' as const),
    kind: fc.constantFrom('session' as const, 'event' as const, 'role' as const),
    id: few,
    labels: fc.dictionary(few, few),
    isOwn: fc.boolean(),
  },
  { requiredKeys: ['verb', 'kind'] },
);

describe('the compiled rules', () => {
  it('say what the written ones say, whatever the rules and the request', () => {
    fc.assert(
      fc.property(rolesArbitrary, fc.subarray(['r1', 'r2', 'r3', 'r4']), requestArbitrary, (roles, held, request) => {
        const policy = createPolicy(roles);
        const { allowed } = policy.decide(held, request);
        expect(allowed).toBe(plainly(roles, held, request));
        if (allowed) expect(policy.couldAllow(held, request.verb, request.kind)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('cover every verb on every kind', () => {
    const policy = createPolicy([roleOf('all', { verbs: ['*'], kinds: ['*'] })]);
    for (const verb of VERBS) {
      for (const kind of KINDS) expect(policy.decide(['all'], { verb, kind }).allowed).toBe(true);
    }
  });
});
