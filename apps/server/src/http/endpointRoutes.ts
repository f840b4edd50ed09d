import {
  DEFAULTS,
  drainSchema,
  endpointGroupInputSchema,
  endpointInputSchema,
  endpointPutSchema,
  listSessionsQuerySchema,
  ROUTES,
  validate,
  validateQuery,
} from '@roundhouse/api';
import type { Gateway } from '@roundhouse/sessions';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { serverError } from '../errors.ts';
import { idOf, readCursor, valid, writeCursor } from './request.ts';

/** Handlers of the routes under `/api/v1/endpoints` and `/api/v1/endpoint-groups`, by the names of the route table. */
export function endpointRoutes(gateway: Gateway) {
  const { directory } = gateway;
  return {
    listEndpoints(request: FastifyRequest, reply: FastifyReply) {
      return reply.send(page(request, directory.endpointIds(), (id) => directory.endpointResource(id)));
    },

    createEndpoint(request: FastifyRequest, reply: FastifyReply) {
      const endpoint = directory.addEndpoint(valid(validate(endpointInputSchema, request.body, 'body')));
      return reply.code(201).header('location', `${ROUTES.listEndpoints.path}/${endpoint.id}`).send(endpoint);
    },

    getEndpoint(request: FastifyRequest, reply: FastifyReply) {
      return reply.send(directory.endpointResource(idOf(request)));
    },

    putEndpoint(request: FastifyRequest, reply: FastifyReply) {
      const id = idOf(request);
      const body = valid(validate(endpointPutSchema, request.body, 'body'));
      if (body.id !== undefined && body.id !== id) {
        throw serverError('ID_MISMATCH', { details: { path_id: id, body_id: body.id } });
      }
      // The id of the path is held to what an id may be.
      return reply.send(directory.setEndpoint(valid(validate(endpointInputSchema, { ...body, id }, 'path'))));
    },

    deleteEndpoint(request: FastifyRequest, reply: FastifyReply) {
      directory.removeEndpoint(idOf(request));
      return reply.code(204).send();
    },

    getEndpointHealth(request: FastifyRequest, reply: FastifyReply) {
      return reply.send(directory.health(idOf(request)));
    },

    drainEndpoint(request: FastifyRequest, reply: FastifyReply) {
      const body = valid(validate(drainSchema, request.body === undefined ? {} : request.body, 'body'));
      const operation = gateway.drain(idOf(request), body);
      return reply.code(202).header('location', `${ROUTES.listOperations.path}/${operation.id}`).send(operation);
    },

    listEndpointGroups(request: FastifyRequest, reply: FastifyReply) {
      return reply.send(page(request, directory.groupIds(), (id) => directory.groupResource(id)));
    },

    createEndpointGroup(request: FastifyRequest, reply: FastifyReply) {
      const group = directory.addGroup(valid(validate(endpointGroupInputSchema, request.body, 'body')));
      return reply.code(201).header('location', `${ROUTES.listEndpointGroups.path}/${group.id}`).send(group);
    },

    getEndpointGroup(request: FastifyRequest, reply: FastifyReply) {
      return reply.send(directory.groupResource(idOf(request)));
    },

    deleteEndpointGroup(request: FastifyRequest, reply: FastifyReply) {
      directory.removeGroup(idOf(request));
      return reply.code(204).send();
    },
  };
}

/** One page of what has ids, in their order. */
function page<T>(request: FastifyRequest, ids: readonly string[], resourceOf: (id: string) => T) {
  const query = valid(validateQuery(listSessionsQuerySchema, request.query as Record<string, unknown>));
  const limit = query.limit ?? DEFAULTS.pageSize;
  const after = query.cursor === undefined ? '' : readCursor(query.cursor);
  const rest = ids.filter((id) => id > after);
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  return {
    items: items.map(resourceOf),
    next_cursor: rest.length > items.length && last !== undefined ? writeCursor(last) : null,
  };
}
