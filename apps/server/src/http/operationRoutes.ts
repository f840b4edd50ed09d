import { DEFAULTS, listSessionsQuerySchema, validateQuery } from '@roundhouse/api';
import type { Gateway } from '@roundhouse/sessions';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { idOf, readNumberCursor, valid, writeCursor } from './request.ts';

/** Handlers of the routes under `/api/v1/operations`, by the names of the route table. */
export function operationRoutes({ operations }: Gateway) {
  return {
    listOperations(request: FastifyRequest, reply: FastifyReply) {
      const { limit, cursor } = valid(validateQuery(listSessionsQuerySchema, request.query as Record<string, unknown>));
      const before = cursor === undefined ? Infinity : readNumberCursor(cursor);
      const { items, next } = operations.list(limit ?? DEFAULTS.pageSize, before);
      return reply.send({
        items: items.map((operation) => operation.resource()),
        next_cursor: next === null ? null : writeCursor(next),
      });
    },

    getOperation(request: FastifyRequest, reply: FastifyReply) {
      return reply.send(operations.get(idOf(request)).resource());
    },
  };
}
