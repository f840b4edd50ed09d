import type { Actor } from '@roundhouse/audit';
import type { AuthenticationMethod, Identity } from '../identity/identity.ts';

const AUTHENTICATION: Readonly<Record<AuthenticationMethod, Actor['authentication']>> = {
  token: 'token',
  api_key: 'api_key',
  basic: 'password',
  jwt: 'jwt',
  ldap: 'ldap',
  mtls: 'certificate',
};

/** Who called, as far as they proved it. */
export function actorOf(identity: Identity | null): Actor {
  if (identity === null) return { type: 'anonymous', id: 'anonymous', authentication: 'none' };
  const { principal, method, credential } = identity;
  const authentication = AUTHENTICATION[method];
  if (method !== 'api_key' || credential === null) return { type: 'principal', id: principal, authentication };
  return { type: 'api_key', id: credential, authentication, on_behalf_of: principal };
}
