import { type Route, ROUTES } from '@roundhouse/api';
import { describe, expect, it } from 'vitest';
import { type Answer, EXPECTED, ROLES, type Row } from './builtIn.fixture.ts';
import { BUILT_IN_ROLES } from './builtIn.ts';
import { createPolicy } from './policy.ts';

const policy = createPolicy(BUILT_IN_ROLES);

function answerTo({ permission }: Route, role: string): Answer | 'open' {
  if (typeof permission === 'string') return 'open';
  if (policy.decide([role], permission).allowed) return 'y';
  return policy.decide([role], { ...permission, isOwn: true }).allowed ? 'own' : '-';
}

describe('the built-in roles', () => {
  it('are those of the table', () => {
    expect(BUILT_IN_ROLES.map(({ id }) => id)).toEqual(ROLES);
  });

  it('have an answer to every route in the table', () => {
    expect(Object.keys(EXPECTED).toSorted()).toEqual(Object.keys(ROUTES).toSorted());
  });

  const cells = Object.entries<Row | 'open'>(EXPECTED).flatMap(([name, row]) =>
    ROLES.map((role, column) => ({ name, role, answer: row === 'open' ? row : (row[column] as Answer) })),
  );

  it.each(cells)('$name by $role: $answer', ({ name, role, answer }) => {
    const route = (ROUTES as Readonly<Record<string, Route>>)[name];
    expect(route && answerTo(route, role)).toBe(answer);
    if (typeof route?.permission === 'object') {
      const { verb, kind } = route.permission;
      expect(policy.couldAllow([role], verb, kind)).toBe(answer !== '-');
    }
  });

  it('say what they are for', () => {
    for (const { description } of BUILT_IN_ROLES) expect(description).toMatch(/^[A-Z].*\.$/);
  });
});
