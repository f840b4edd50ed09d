import {
  DEFAULTS,
  type Labels,
  listSessionsQuerySchema,
  type Resource,
  RESOURCE_KIND_NAMES,
  RESOURCE_KINDS,
  type ResourceInput,
  type ResourceKind,
  type ResourceKindName,
  ROUTES,
  validate,
  validateQuery,
} from '@roundhouse/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { serverError } from '../errors.ts';
import type { Resources } from '../resource/resources.ts';
import { type Access, identityOf } from './access.ts';
import { checkChange, etagOf, isUnchanged } from './conditional.ts';
import type { Cursors } from './cursor.ts';
import { requireNamed } from './named.ts';
import { idOf, valid } from './request.ts';

export interface ResourceRoutesDependencies {
  readonly resources: Resources;
  readonly access: Access;
  readonly cursors: Cursors;
  readonly prepare: Prepare;
}

/** Completes what a creation leaves to the server; `shown` goes to the caller, this once. */
export type Prepare = {
  readonly [K in ResourceKindName]?: (input: ResourceInput<K>) => {
    readonly input: ResourceInput<K>;
    readonly shown: Readonly<Record<string, unknown>>;
  };
};

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;
type Names = (typeof RESOURCE_KINDS)[ResourceKindName];
type ResourceRouteName =
  | `list${Names['Many']}`
  | `create${Names['One']}`
  | `get${Names['One']}`
  | `put${Names['One']}`
  | `delete${Names['One']}`;

/** Handlers of the routes that every kind of resource has, by the names of the route table. */
export function resourceRoutes(deps: ResourceRoutesDependencies): Readonly<Record<ResourceRouteName, Handler>> {
  const handlers = RESOURCE_KIND_NAMES.flatMap((kind) => {
    const { One, Many } = RESOURCE_KINDS[kind];
    const routes = routesOf(kind, deps);
    return [
      [`list${Many}`, routes.list],
      [`create${One}`, routes.create],
      [`get${One}`, routes.get],
      [`put${One}`, routes.put],
      [`delete${One}`, routes.remove],
    ] as const;
  });
  return Object.fromEntries(handlers) as Readonly<Record<ResourceRouteName, Handler>>;
}

function routesOf<K extends ResourceKindName>(
  kind: K,
  { resources, access, cursors, prepare }: ResourceRoutesDependencies,
) {
  const { input: inputSchema, Many, One } = RESOURCE_KINDS[kind];
  const { hasStatus }: ResourceKind = RESOURCE_KINDS[kind];
  const listName = `list${Many}` as const;
  const readInput = (body: unknown, part: 'body' | 'path' = 'body'): ResourceInput<K> =>
    valid(validate(inputSchema, body, part)) as ResourceInput<K>;

  return {
    list: async (request: FastifyRequest, reply: FastifyReply) => {
      const query = valid(validateQuery(listSessionsQuerySchema, request.query as Record<string, unknown>));
      const limit = query.limit ?? DEFAULTS.pageSize;
      const after = query.cursor === undefined ? '' : cursors.read({ list: listName }, query.cursor);
      const items: Array<Resource<K>> = [];
      let next: string | null = null;
      for (const id of resources.ids(kind)) {
        if (id <= after) continue;
        const kept = resources.find(kind, id);
        if (kept === undefined || !access.allows(request, 'list', kind, attributesOf(kept.input))) continue;
        const last = items.at(-1);
        if (items.length === limit && last !== undefined) {
          next = cursors.write({ list: listName }, last.id);
          break;
        }
        const shown = await resources.show(kind, id);
        // Undefined where it has gone meanwhile.
        if (shown !== undefined) items.push(shown);
      }
      return reply.send({ items, next_cursor: next });
    },

    create: async (request: FastifyRequest, reply: FastifyReply) => {
      const asked = readInput(request.body);
      const { input, shown } = prepare[kind]?.(asked) ?? { input: asked, shown: {} };
      access.require(request, 'create', kind, attributesOf(input));
      requireNamed(request, kind, input, { access, resources });
      const created = await resources.create(kind, input, { by: identityOf(request).principal });
      return reply
        .code(201)
        .header('location', `${ROUTES[listName].path}/${encodeURIComponent(created.id)}`)
        .header('etag', etagOf(created.version))
        .send({ ...created, ...shown });
    },

    get: async (request: FastifyRequest, reply: FastifyReply) => {
      const resource = await resources.get(kind, idOf(request));
      const etag = etagOf(resource.version);
      // Of what shows how it does, the version alone does not say that it looks as before.
      if (hasStatus === true) return reply.header('etag', etag).send(resource);
      return isUnchanged(request, reply, etag) ? reply.send() : reply.send(resource);
    },

    put: async (request: FastifyRequest, reply: FastifyReply) => {
      const id = idOf(request);
      const body = valid(validate(ROUTES[`put${One}`].body, request.body, 'body')) as { readonly id?: string };
      if (body.id !== undefined && body.id !== id) {
        throw serverError('ID_MISMATCH', { details: { path_id: id, body_id: body.id } });
      }
      // The id of the path is held to what an id may be.
      const input = readInput({ ...body, id }, 'path');
      // Nobody gives a thing labels that put it out of what they may change, nor takes another's.
      access.require(request, 'update', kind, attributesOf(input));
      const resource = await resources.put(kind, input, {
        by: identityOf(request).principal,
        condition: (version) => {
          const before = resources.find(kind, id);
          // What it is may have become another since the guard looked.
          if (before === undefined) access.require(request, 'create', kind, attributesOf(input));
          else access.require(request, 'update', kind, attributesOf(before.input));
          requireNamed(request, kind, input, { access, resources });
          checkChange(request, { etag: version === null ? null : etagOf(version) });
        },
      });
      return reply.header('etag', etagOf(resource.version)).send(resource);
    },

    remove: async (request: FastifyRequest, reply: FastifyReply) => {
      const id = idOf(request);
      await resources.remove(kind, id, {
        by: identityOf(request).principal,
        condition: (version) => {
          const before = resources.find(kind, id);
          if (before !== undefined) access.require(request, 'delete', kind, attributesOf(before.input));
          checkChange(request, { etag: version === null ? null : etagOf(version) });
        },
      });
      return reply.code(204).send();
    },
  };
}

/** What roles may ask of a resource: its id and its labels, where the kind has any. */
export function attributesOf(resource: { readonly id?: string | undefined; readonly labels?: Labels | undefined }) {
  const { id, labels } = resource;
  return { ...(id === undefined ? {} : { id }), ...(labels === undefined ? {} : { labels }) };
}
