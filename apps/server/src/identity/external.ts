import type { Identity } from './identity.ts';
import { ROOT_PRINCIPAL } from './identity.ts';
import { invalid } from './refusal.ts';

const MAX_NAME_LENGTH = 128;
const MAX_ROLES = 64;

/** Name of a principal that another system vouches for. Throws a Refusal for one that could pass for something else. */
export function externalPrincipal(prefix: string, name: unknown): string {
  if (typeof name !== 'string' || name.trim() === '') throw invalid('the provider gives no name for the principal');
  const principal = `${prefix}${name}`;
  if (principal.length > MAX_NAME_LENGTH || /[\p{C}\p{Zl}\p{Zp}]/u.test(principal)) {
    throw invalid('the name that the provider gives cannot be a principal');
  }
  if (principal.trim().toLowerCase() === ROOT_PRINCIPAL) {
    throw invalid('the provider gives a name that is taken', { principal: ROOT_PRINCIPAL });
  }
  return principal;
}

type RoleMap = Readonly<Record<string, readonly string[]>>;

/** The roles that names outside give, and those that all have, by name. What is not in the map gives none. */
export function mapRoles(names: Iterable<string>, map: RoleMap, byDefault: readonly string[] = []): Identity['roles'] {
  const roles = new Set(byDefault);
  for (const name of names) {
    if (Object.hasOwn(map, name)) for (const role of map[name] ?? []) roles.add(role);
  }
  return [...roles].toSorted().slice(0, MAX_ROLES);
}
