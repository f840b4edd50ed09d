import { DEFAULTS, type KindName, listSessionsQuerySchema, validateQuery } from '@roundhouse/api';
import type { Gateway } from '@roundhouse/sessions';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Access, Attributes } from './access.ts';
import type { Cursors } from './cursor.ts';
import { idOf, valid } from './request.ts';

export interface OperationRoutesDependencies {
  readonly gateway: Gateway;
  readonly access: Access;
  readonly cursors: Cursors;
  readonly attributesOf: (kind: KindName, id: string) => Attributes | undefined;
}

/** Handlers of the routes under `/api/v1/operations`, by the names of the route table. */
export function operationRoutes({ gateway, access, cursors, attributesOf }: OperationRoutesDependencies) {
  const { operations } = gateway;
  const place = { list: 'listOperations' };
  return {
    listOperations(request: FastifyRequest, reply: FastifyReply) {
      const { limit, cursor } = valid(validateQuery(listSessionsQuerySchema, request.query as Record<string, unknown>));
      const before = cursor === undefined ? Infinity : cursors.readNumber(place, cursor);
      const { items, next } = operations.list(limit ?? DEFAULTS.pageSize, before, ({ id }) =>
        access.allows(request, 'list', 'operation', attributesOf('operation', id) ?? { id }),
      );
      return reply.send({
        items: items.map((operation) => operation.resource()),
        next_cursor: next === null ? null : cursors.write(place, String(next)),
      });
    },

    getOperation(request: FastifyRequest, reply: FastifyReply) {
      return reply.send(operations.get(idOf(request)).resource());
    },
  };
}
