import type { KindName, Labels, ResourceInput, ResourceKindName } from '@roundhouse/api';
import type { FastifyRequest } from 'fastify';
import { namedBy } from '../resource/change.ts';
import type { Resources } from '../resource/resources.ts';
import { type Access, identityOf } from './access.ts';

type Input = ResourceInput<ResourceKindName>;

interface NamedDependencies {
  readonly access: Access;
  readonly resources: Resources;
}

/** What is changed here is what somebody may do: each name in it counts, those that were there before too. */
const ACCOUNTS: ReadonlySet<KindName> = new Set(['principal', 'api_key']);

/**
 * Raises FORBIDDEN where an input names what is not the caller's to give away. An endpoint gets the sessions of the group
 * that it names, and a group sends sessions to those that it falls back on: whoever names one has to be allowed to change
 * it. A principal has its roles, and a key those of its principal: whoever gives one has to have it, or be allowed to
 * change it. A webhook is sent every event that it asks for, whatever its labels: it takes somebody who may watch them all.
 */
export function requireNamed(
  request: FastifyRequest,
  kind: ResourceKindName,
  input: Input,
  { access, resources }: NamedDependencies,
): void {
  if (kind === 'webhook') access.require(request, 'watch', 'event', {});
  const before = input.id === undefined ? undefined : resources.find(kind, input.id)?.input;
  const had = new Set(before === undefined || ACCOUNTS.has(kind) ? [] : namedBy(kind, before).map(({ id }) => id));
  for (const named of namedBy(kind, input)) {
    if (had.has(named.id) || named.kind === 'role') continue;
    const { labels } = (resources.find(named.kind, named.id)?.input ?? {}) as { readonly labels?: Labels };
    access.require(request, 'update', named.kind, { id: named.id, ...(labels === undefined ? {} : { labels }) });
  }
  for (const role of rolesGiven(kind, input, resources)) {
    if (!identityOf(request).roles.includes(role)) access.require(request, 'update', 'role', { id: role });
  }
}

/** Roles that somebody has by this input. */
function rolesGiven(kind: ResourceKindName, input: Input, resources: Resources): readonly string[] {
  const { roles, principal } = input as { readonly roles?: readonly string[]; readonly principal?: string };
  if (kind === 'principal') return roles ?? [];
  if (kind !== 'api_key' || principal === undefined) return [];
  const of = (resources.find('principal', principal)?.input ?? { roles: [] }) as ResourceInput<'principal'>;
  // The roles of a key narrow those of its principal.
  return of.roles.filter((role) => roles?.includes(role) ?? true);
}
