import { canIQuerySchema, type IdentityResource, unlockSchema, validate, validateQuery } from '@roundhouse/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticator } from '../identity/authenticator.ts';
import { type Access, type Attributes, identityOf } from './access.ts';
import { valid } from './request.ts';
import type { KindName } from '@roundhouse/api';

export interface IdentityRoutesDependencies {
  readonly access: Access;
  /** Forgets failed attempts; gives whether there were any. */
  readonly unlock: Authenticator['unlock'];
  readonly attributesOf: (kind: KindName, id: string) => Attributes | undefined;
}

/** Handlers of the routes that tell callers about themselves, by the names of the route table. */
export function identityRoutes({ access, unlock, attributesOf }: IdentityRoutesDependencies) {
  return {
    whoAmI(request: FastifyRequest, reply: FastifyReply) {
      const { principal, type, method, credential, roles } = identityOf(request);
      const shown: IdentityResource = { principal, type, method, credential, roles: [...roles] };
      return reply.send(shown);
    },

    unlock(request: FastifyRequest, reply: FastifyReply) {
      const { principal, address } = valid(validate(unlockSchema, request.body, 'body'));
      const whom = {
        ...(principal === undefined ? {} : { name: principal }),
        ...(address === undefined ? {} : { address }),
      };
      return reply.send({ unlocked: unlock(whom) });
    },

    /** Of a thing that there is not, as of any: whether it is there is not to be learned here. */
    canI(request: FastifyRequest, reply: FastifyReply) {
      const { verb, kind, id } = valid(validateQuery(canIQuerySchema, request.query as Record<string, unknown>));
      const identity = identityOf(request);
      if (id === undefined) return reply.send(access.decideAny(identity, verb, kind));
      return reply.send(access.decide(identity, verb, kind, attributesOf(kind, id) ?? { id }));
    },
  };
}
