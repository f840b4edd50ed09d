import { drainSchema, ROUTES, validate } from '@roundhouse/api';
import type { Gateway } from '@roundhouse/sessions';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { idOf, valid } from './request.ts';

/** Handlers of what endpoints have besides the routes of every resource, by the names of the route table. */
export function endpointRoutes(gateway: Gateway) {
  return {
    getEndpointHealth(request: FastifyRequest, reply: FastifyReply) {
      return reply.send(gateway.directory.health(idOf(request)));
    },

    drainEndpoint(request: FastifyRequest, reply: FastifyReply) {
      const body = valid(validate(drainSchema, request.body === undefined ? {} : request.body, 'body'));
      const operation = gateway.drain(idOf(request), body);
      return reply.code(202).header('location', `${ROUTES.listOperations.path}/${operation.id}`).send(operation);
    },
  };
}
