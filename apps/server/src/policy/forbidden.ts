import type { RoundhouseError } from '@roundhouse/core';
import { policyError } from './errors.ts';
import type { AccessRequest, Decision, Policy } from './policy.ts';

/** Roles named in an answer. */
const MAX_NAMED = 5;

/** FORBIDDEN, with what is missing, the roles that have it, and the roles whose holders can give one of those. */
export function forbidden(policy: Policy, { verb, kind, id }: AccessRequest, { reason }: Decision): RoundhouseError {
  const roles = policy.rolesFor(verb, kind).slice(0, MAX_NAMED);
  const grantors = policy.rolesFor('update', 'principal').slice(0, MAX_NAMED);
  return policyError('FORBIDDEN', {
    details: { verb, kind, ...(id !== undefined && { id }), reason, roles_that_could: roles, grantors },
    hint: `${rolesHint(roles)} ${grantorsHint(grantors)}`,
  });
}

function rolesHint(roles: readonly string[]): string {
  return roles.length === 0 ? 'No role allows it.' : `Roles that could allow it: ${roles.join(', ')}.`;
}

function grantorsHint(grantors: readonly string[]): string {
  return grantors.length === 0
    ? 'Principals and roles are given by the configuration alone.'
    : `Who has one of these roles may give it: ${grantors.join(', ')}.`;
}
