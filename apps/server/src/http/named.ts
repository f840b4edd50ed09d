import type { KindName, ResourceInput, ResourceKindName } from '@roundhouse/api';
import type { FastifyRequest } from 'fastify';
import { namedBy } from '../resource/change.ts';
import type { Resources } from '../resource/resources.ts';
import { type Access, identityOf } from './access.ts';

type Input = ResourceInput<ResourceKindName>;

/** What is changed here is what somebody may do: each name in it counts, those that were there before too. */
const ACCOUNTS: ReadonlySet<KindName> = new Set(['principal', 'api_key']);

/**
 * Raises FORBIDDEN where an input names what is not the caller's to give away. An endpoint gets the sessions of the group
 * that it names, a group sends sessions to those that it falls back on, a principal has its roles, and a key is its
 * principal: whoever names them has to be allowed to change them, or to have the role. A webhook is sent every event
 * that it asks for, whatever its labels: it takes somebody who may watch them all.
 */
export function requireNamed(
  request: FastifyRequest,
  kind: ResourceKindName,
  input: Input,
  { access, resources }: { readonly access: Access; readonly resources: Resources },
): void {
  if (kind === 'webhook') access.require(request, 'watch', 'event', {});
  const before = input.id === undefined ? undefined : resources.find(kind, input.id)?.input;
  const had = new Set(before === undefined || ACCOUNTS.has(kind) ? [] : namedBy(kind, before).map(({ id }) => id));
  for (const named of namedBy(kind, input)) {
    if (had.has(named.id)) continue;
    if (named.kind === 'role') {
      // The roles of a key narrow those of its principal, and give none.
      if (kind === 'api_key' || identityOf(request).roles.includes(named.id)) continue;
    }
    const { labels } = (resources.find(named.kind, named.id)?.input ?? {}) as {
      readonly labels?: Record<string, string>;
    };
    access.require(request, 'update', named.kind, { id: named.id, ...(labels === undefined ? {} : { labels }) });
  }
}
