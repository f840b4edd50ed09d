import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { factSheet, type GatheredFacts } from '../fact/gather.ts';
import { PASSING } from '../fact/passing.fixture.ts';
import { compileExpression, expressionFault, type Parameters } from './expression.ts';

const evaluate = (text: string, facts: GatheredFacts = PASSING, parameters: Parameters = {}) =>
  compileExpression('X', text, parameters).evaluate(factSheet(facts, 0), parameters);

describe('an expression', () => {
  it.each([
    ['lockout.max_failures == 10', true],
    ['10 == lockout.max_failures', true],
    ['lockout.max_failures <= 9', false],
    ['"jane" in policy.wildcard_admins', true],
    ['size(policy.wildcard_admins) == 2 && audit.is_enabled', true],
    ['tls.endpoints.exists(e, e.is_loopback && !e.is_tls)', true],
    ['capacity.limits.all(l, l.used_share < 0.8)', false],
    ['policy.wildcard_admins.all(a, policy.wildcard_admins.exists(b, b == a))', true],
    ['runtime.version.startsWith("24.") ? audit.is_intact : false', true],
  ])('%s is %s', (text, truth) => {
    expect(evaluate(text)).toBe(truth);
  });

  it('names the facts that it asks for, also within loops, and not the names of loops', () => {
    const text =
      'keys.items.all(k, k.age_days < lockout.lock_minutes) || principals.accounts.exists(keys, keys.id == "a")';
    expect(compileExpression('X', text).needs).toEqual(['keys.items', 'lockout.lock_minutes', 'principals.accounts']);
  });

  it('takes parameters with their types', () => {
    const parameters = { max: 2, roles: ['admin'], strict: true };
    const text = 'size(policy.wildcard_admins) <= params.max && params.roles.all(r, r == "admin") && params.strict';
    expect(evaluate(text, PASSING, parameters)).toBe(true);
    expect(expressionFault('lockout.max_failures <= params.roles', parameters)?.reason).toContain('no such overload');
    expect(expressionFault('lockout.max_failures <= params.mx', parameters)?.reason).toContain('mx');
  });

  it.each([
    ['audit.is_enabled && lockout.max_failures < 11', 'unknown'],
    ['lockout.max_failures < 11 && audit.is_enabled', 'unknown'],
    ['audit.is_enabled && lockout.max_failures > 11', false],
    ['audit.is_enabled || lockout.max_failures < 11', true],
    ['!audit.is_enabled', 'unknown'],
    ['size(policy.wildcard_admins) == 0', 'unknown'],
  ])('over facts that are not all known, %s is %s', (text, truth) => {
    expect(evaluate(text, { 'lockout.max_failures': 10 })).toBe(truth);
  });

  it.each([
    ['', /./],
    ['lockout.max_failures', 'true or false'],
    ['1 < 2', 'asks for no fact'],
    ['lockout.max_failurs < 3', 'max_failurs'],
    ['lockot.max_failures < 3', 'lockot'],
    ['lockout.max_failures < "3"', 'no such overload'],
    ['has(lockout.max_failures) || audit.is_enabled', 'has() cannot be used'],
    ['runtime.version.matches("(a+)+$")', 'matches() cannot be used'],
    ['timestamp("2026-01-01T00:00:00Z") < timestamp(runtime.version)', 'timestamp() cannot be used'],
    ['cel.bind(x, 1, audit.is_enabled)', /./],
    ['lockout["max_failures"] < 3', 'lockout is a group'],
    ['[1].all(a, [1].all(b, [1].all(c, audit.is_enabled)))', 'more than 2 deep'],
    [`audit.is_enabled${' || audit.is_enabled'.repeat(200)}`, 'more than 2000 characters'],
    [`${'!'.repeat(400)}audit.is_enabled`, /./],
  ])('is refused: %s', (text, reason) => {
    expect(expressionFault(text)?.reason).toMatch(reason);
    expect(() => compileExpression('X', text)).toThrow(
      expect.objectContaining({ code: 'COMPLIANCE_EXPRESSION_INVALID' }),
    );
  });

  it('says where it is at fault', () => {
    expect(expressionFault('audit.is_enabled && lockout.max < 3')).toMatchObject({ at: 28 });
  });

  it('is not begun when it would take too long', () => {
    const ids = Array.from({ length: 10_000 }, (_, index) => `p${index}`);
    const text = 'policy.wildcard_admins.all(a, policy.wildcard_admins.exists(b, b == a))';
    const facts = { ...PASSING, 'policy.wildcard_admins': ids };
    expect(() => evaluate(text, facts)).toThrow(expect.objectContaining({ code: 'COMPLIANCE_EXPRESSION_COSTLY' }));
    expect(evaluate('policy.wildcard_admins.all(a, a.startsWith("p"))', facts)).toBe(true);
  });

  it.each([
    ['policy.wildcard_admins.all(a, a.startsWith("p"))', 10_000, false],
    ['policy.wildcard_admins.all(a, a in principals.generic)', 400, false],
    ['policy.wildcard_admins.all(a, a in principals.generic)', 10_000, true],
    ['policy.wildcard_admins.all(a, policy.wildcard_admins == principals.generic)', 10_000, true],
    ['[policy.wildcard_admins].map(l, l + l)[0].all(a, principals.generic.exists(b, a == b))', 10_000, true],
    ['policy.wildcard_admins.map(a, principals.generic).all(l, l.all(a, a == ""))', 10_000, true],
    ['(policy.wildcard_admins + principals.generic).all(a, principals.generic.exists(b, b == a))', 10_000, true],
    ['params.names.all(a, principals.generic.exists(b, b == a))', 10_000, false],
  ])('takes as long as its lists are: %s over %i', (text, length, isCostly) => {
    const names = Array.from({ length }, (_, index) => `p${index}`);
    const facts = { ...PASSING, 'policy.wildcard_admins': names, 'principals.generic': names };
    const of = () => evaluate(text, facts, { names: ['a', 'b'] });
    if (isCostly) expect(of).toThrow(expect.objectContaining({ code: 'COMPLIANCE_EXPRESSION_COSTLY' }));
    else expect([true, false]).toContain(of());
  });

  it('is taken or refused, and nothing else, whatever it is', () => {
    const words = [
      'audit',
      '.is_enabled',
      'lockout',
      '.max_failures',
      '&&',
      '||',
      '!',
      '(',
      ')',
      '[',
      ']',
      '"a"',
      '1',
      ' ',
    ];
    const text = fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 3 })), { maxLength: 12 });
    fc.assert(
      fc.property(text, (parts) => {
        const joined = parts.join('');
        if (expressionFault(joined) !== undefined) return;
        expect([true, false, 'unknown']).toContain(evaluate(joined, {}));
      }),
    );
  });
});
