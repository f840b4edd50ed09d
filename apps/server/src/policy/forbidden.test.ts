import { expect, it } from 'vitest';
import { BUILT_IN_ROLES } from './builtIn.ts';
import { forbidden } from './forbidden.ts';
import { createPolicy } from './policy.ts';

it('says what is missing, which roles have it, and who can give one', () => {
  const policy = createPolicy(BUILT_IN_ROLES);
  const request = { verb: 'drain', kind: 'endpoint', id: 'e1' } as const;
  const error = forbidden(policy, request, policy.decide(['viewer'], request));
  expect(error).toMatchObject({
    code: 'FORBIDDEN',
    status: 403,
    message: 'The caller may not drain endpoint: no rule allows',
    details: {
      verb: 'drain',
      kind: 'endpoint',
      id: 'e1',
      roles_that_could: ['admin', 'operator'],
      grantors: ['admin'],
    },
  });
  expect(error.hint).toBe('Roles that could allow it: admin, operator. Who has one of these roles may give it: admin.');
});

it('says so when no role allows it and nobody can give one', () => {
  const policy = createPolicy([]);
  const request = { verb: 'get', kind: 'usage' } as const;
  expect(forbidden(policy, request, policy.decide([], request)).hint).toBe(
    'No role allows it. Principals and roles are given by the configuration alone.',
  );
});
