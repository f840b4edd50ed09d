import {
  createSessionSchema,
  DEFAULTS,
  inputSchema,
  type KindName,
  LIMITS,
  listSessionsQuerySchema,
  migrateSchema,
  type Operation,
  ROUTES,
  screenQuerySchema,
  suspendSchema,
  validate,
  validateQuery,
} from '@roundhouse/api';
import { isRoundhouseError, type Scope } from '@roundhouse/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { serverError } from '../errors.ts';
import { noteShown } from '../audit/notes.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Gateway, InputNote, Sight } from '@roundhouse/sessions';
import { type Access, type Attributes, identityOf } from './access.ts';
import type { Cursors } from './cursor.ts';
import { idOf, valid } from './request.ts';
import { requestScope } from './requestScope.ts';

export interface SessionRoutesDependencies {
  readonly gateway: Gateway;
  readonly metrics: Metrics;
  readonly access: Access;
  readonly cursors: Cursors;
  readonly attributesOf: (kind: KindName, id: string) => Attributes | undefined;
  readonly scope: Scope;
  /** Whether somebody with these roles sees screens as they are, where they are masked. Default: nobody. */
  readonly isExempt?: (roles: readonly string[]) => boolean;
  /** Keeps what is sent to hosts. Default: nobody does. */
  readonly noteInput?: (request: FastifyRequest) => InputNote;
}

const UNMASKED: Sight = { isUnmasked: true };
const MASKED: Sight = {};

const JSON_TYPE = 'application/json; charset=utf-8';

/** Handlers of the routes under `/api/v1/sessions`, by the names of the route table. */
export function sessionRoutes(deps: SessionRoutesDependencies) {
  const { gateway, metrics, access, cursors, attributesOf, scope: server } = deps;
  const registry = gateway.sessions;
  const place = { list: 'listSessions' };
  const sightOf = (request: FastifyRequest): Sight =>
    deps.isExempt?.(identityOf(request).roles) === true ? UNMASKED : MASKED;
  return {
    async createSession(request: FastifyRequest, reply: FastifyReply) {
      const body = valid(validate(createSessionSchema, request.body, 'body'));
      using scope = requestScope(reply, server);
      const { group = null, endpoint = null } = body;
      const owner = identityOf(request).principal;
      access.require(request, 'create', 'session', { labels: gateway.directory.labelsOf({ group, endpoint }), owner });
      const entry = await gateway.create(body, scope, { owner });
      return reply.code(201).header('location', `${ROUTES.createSession.path}/${entry.id}`).send(entry.resource());
    },

    listSessions(request: FastifyRequest, reply: FastifyReply) {
      const { limit, cursor } = valid(validateQuery(listSessionsQuerySchema, request.query as Record<string, unknown>));
      const after = cursor === undefined ? 0 : cursors.readNumber(place, cursor);
      const { items, next } = registry.list(limit ?? DEFAULTS.pageSize, after, ({ id }) =>
        access.allows(request, 'list', 'session', attributesOf('session', id) ?? { id }),
      );
      return reply.send({ items, next_cursor: next === null ? null : cursors.write(place, String(next)) });
    },

    getSession(request: FastifyRequest, reply: FastifyReply) {
      return reply.send(registry.get(idOf(request)).resource());
    },

    async deleteSession(request: FastifyRequest, reply: FastifyReply) {
      await registry.remove(idOf(request));
      return reply.code(204).send();
    },

    async getScreen(request: FastifyRequest, reply: FastifyReply) {
      const entry = registry.get(idOf(request));
      const query = screenQuery(request);
      const format = query.format ?? 'json';
      const { mediaType, body, version } =
        query.after === undefined ? entry.screen(format, sightOf(request)) : await waitForScreen(query.after);
      noteShown(request, String(version));
      metrics.screenReads.add(1, SCREEN_LABELS[format]);
      reply.header('content-type', mediaType);
      if (format === 'html') reply.header('content-security-policy', PAGE_POLICY);
      return reply.send(body);

      async function waitForScreen(after: number) {
        using scope = requestScope(reply, server);
        return await entry.newerScreen(after, query, scope, sightOf(request));
      }
    },

    async sendInput(request: FastifyRequest, reply: FastifyReply) {
      const entry = registry.get(idOf(request));
      const { body } = request;
      checkActionCount(body);
      const input = valid(validate(inputSchema, body, 'body'));
      using scope = requestScope(reply, server);
      try {
        const answer = await entry.input(input, scope, deps.noteInput?.(request), sightOf(request));
        metrics.inputs.add(1, { outcome: 'ok' });
        return reply.header('content-type', JSON_TYPE).send(answer);
      } catch (error) {
        metrics.inputs.add(1, { outcome: isRoundhouseError(error) ? error.code : 'INTERNAL' });
        throw error;
      }
    },

    suspendSession(request: FastifyRequest, reply: FastifyReply) {
      const body = valid(validate(suspendSchema, request.body === undefined ? {} : request.body, 'body'));
      return accepted(reply, gateway.suspend(idOf(request), body));
    },

    resumeSession(request: FastifyRequest, reply: FastifyReply) {
      return accepted(reply, gateway.resume(idOf(request)));
    },

    migrateSession(request: FastifyRequest, reply: FastifyReply) {
      const id = idOf(request);
      const body = valid(validate(migrateSchema, request.body, 'body'));
      const { endpoint = null } = body;
      const owner = attributesOf('session', id)?.owner ?? null;
      // The session is the caller's to move: so has the place to be that it goes to.
      access.require(request, 'migrate', 'session', { id, owner, labels: gateway.directory.labelsOf({ endpoint }) });
      return accepted(reply, gateway.migrate(id, body));
    },

    takeOverSession(request: FastifyRequest, reply: FastifyReply) {
      return reply.code(201).send(gateway.issueTicket(idOf(request)));
    },

    getSnapshot(request: FastifyRequest, reply: FastifyReply) {
      return reply.header('content-type', JSON_TYPE).send(gateway.snapshot(idOf(request), sightOf(request)));
    },

    explainSession(request: FastifyRequest, reply: FastifyReply) {
      return reply.send(gateway.explain(idOf(request)));
    },
  };
}

function accepted(reply: FastifyReply, operation: Operation): FastifyReply {
  return reply.code(202).header('location', `${ROUTES.listOperations.path}/${operation.id}`).send(operation);
}

/** The page shows text and its own styles, and nothing else. */
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

const SCREEN_LABELS = {
  json: { format: 'json' },
  text: { format: 'text' },
  cells: { format: 'cells' },
  html: { format: 'html' },
} as const;

const NO_QUERY = {} as const;

function screenQuery(request: FastifyRequest) {
  // Nearly all reads come without a query; they are not worth a schema.
  if (!request.url.includes('?')) return NO_QUERY as ReturnType<typeof checkedScreenQuery>;
  return checkedScreenQuery(request);
}

function checkedScreenQuery(request: FastifyRequest) {
  return valid(validateQuery(screenQuerySchema, request.query as Record<string, unknown>));
}

/** A list far too long has an error of its own, before each of its parts is checked. */
function checkActionCount(body: unknown): void {
  const actions = (body as { actions?: unknown } | null | undefined)?.actions;
  if (!Array.isArray(actions) || actions.length <= LIMITS.maxActions) return;
  throw serverError('TOO_MANY_ACTIONS', {
    details: { max_actions: LIMITS.maxActions, actions: actions.length, completed_actions: 0 },
  });
}
