import { KINDS, type Role, VERBS } from '@roundhouse/api';
import { describe, expect, it } from 'vitest';
import { BUILT_IN_ROLES } from './builtIn.ts';
import { permissionMatrix } from './matrix.ts';
import { createPolicy } from './policy.ts';

const ROLE: Role = {
  id: 'mixed',
  rules: [
    { verbs: ['get', 'list', 'delete', 'watch'], kinds: ['session'] },
    { verbs: ['read'], kinds: ['session'], own: true },
    { effect: 'deny', verbs: ['delete'], kinds: ['session'], labels: { env: 'prod' } },
    { effect: 'deny', verbs: ['watch'], kinds: ['*'] },
    { effect: 'deny', verbs: ['input'], kinds: ['session'], ids: ['a'] },
  ],
};

describe('the matrix of permissions', () => {
  it('tells what is allowed, what is not, and what depends on the thing', () => {
    const outcomes = permissionMatrix([ROLE]).find(({ kind }) => kind === 'session')?.outcomes;
    expect(outcomes).toMatchObject({
      get: 'allow',
      list: 'allow',
      read: 'conditional',
      delete: 'conditional',
      watch: 'deny',
      input: 'deny',
      create: 'deny',
    });
  });

  it('agrees with the policy on every role, kind and verb', () => {
    const roles = [...BUILT_IN_ROLES, ROLE];
    const policy = createPolicy(roles);
    const rows = permissionMatrix(roles);
    expect(rows).toHaveLength(roles.length * KINDS.length);
    for (const { role, kind, outcomes } of rows) {
      for (const verb of VERBS) {
        expect([role, kind, verb, outcomes[verb] !== 'deny']).toEqual([
          role,
          kind,
          verb,
          policy.couldAllow([role], verb, kind),
        ]);
      }
    }
  });
});
