import { type KindName, type Permission, type Route, type RouteName } from '@roundhouse/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { serverError } from '../errors.ts';
import type { Credentials, Identity } from '../identity/identity.ts';
import { type Access, type Attributes, COLLECTIVE } from './access.ts';
import { type OverloadGuard, shedClassOf } from './overload.ts';
import { costOf, type RateLimits } from './rateLimits.ts';
import { checkRequestForm } from './requestForm.ts';

/** What is known of a route while a request to it is served. */
export interface RouteConfig {
  readonly name: RouteName;
  readonly permission: Route['permission'];
  readonly takesBody: boolean;
}

export interface GuardDependencies {
  /** Raises, or rejects with, what keeps the caller out. */
  readonly authenticate: (credentials: Credentials) => Identity | Promise<Identity>;
  readonly credentialsOf: (request: FastifyRequest) => Credentials;
  readonly access: Access;
  /** Of the thing that a path names; undefined when there is none: the handler will say so. */
  readonly attributesOf: (kind: KindName, id: string) => Attributes | undefined;
  readonly overload: OverloadGuard;
  readonly rateLimits: RateLimits;
  /** Told of each caller that was let in. */
  readonly onAuthenticated: (identity: Identity) => void;
  readonly isStopping: () => boolean;
}

/**
 * Decides, before a byte of the body is read, whether a request is served: whether its form is right, whether there is
 * room for it, who calls, how often, and whether they may. Unknown paths ask for credentials too. While the server stops
 * only `/livez` is answered.
 */
export function guard(app: FastifyInstance, deps: GuardDependencies): void {
  const { overload, rateLimits, isStopping } = deps;
  app.decorateRequest('identity', null);
  app.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store');
    const { name, permission = 'authenticated', takesBody = true } = configOf(request);
    const admit = (identity: Identity | null): void => {
      request.identity = identity;
      try {
        if (identity !== null) deps.onAuthenticated(identity);
        if (identity !== null)
          rateLimits.admit(request, reply, callerOf(identity), name === undefined ? 1 : costOf(name));
        if (isStopping() && name !== 'livez') throw serverError('SHUTTING_DOWN');
        if (typeof permission === 'object') authorize(request, permission, deps);
        done();
      } catch (error) {
        done(error as Error);
      }
    };
    const refuse = (error: unknown): void => {
      try {
        // Whoever tries credentials is held to a rate before it learns what became of them.
        rateLimits.admit(request, reply, null, 1);
        done(error as Error);
      } catch (limited) {
        done(limited as Error);
      }
    };
    try {
      enter(request, reply, overload);
      checkRequestForm(request, reply, takesBody);
    } catch (error) {
      return done(error as Error);
    }
    if (permission === 'none') return admit(null);
    try {
      const identity = deps.authenticate(deps.credentialsOf(request));
      if (!(identity instanceof Promise)) return admit(identity);
      identity.then(admit, refuse);
    } catch (error) {
      refuse(error);
    }
  });
}

/** Counts the request in until its answer is closed. Raises OVERLOADED. */
function enter(request: FastifyRequest, reply: FastifyReply, overload: OverloadGuard): void {
  const { name } = configOf(request);
  overload.enter(name === undefined ? 'reads' : shedClassOf(name));
  reply.raw.once('close', () => overload.leave());
}

function authorize(
  request: FastifyRequest,
  { verb, kind }: Permission,
  { access, attributesOf }: GuardDependencies,
): void {
  const { id } = request.params as { readonly id?: string };
  if (id === undefined || COLLECTIVE.has(verb)) return access.requireAny(request, verb, kind);
  const attributes = attributesOf(kind, id);
  // Whether a thing is there is told to those alone who might see it.
  if (attributes === undefined) access.requireAny(request, verb, kind);
  else access.require(request, verb, kind, attributes);
}

function callerOf({ principal, roles, type }: Identity) {
  return { id: principal, roles, isRoot: type === 'root' };
}

/** Empty for a path without a route. */
function configOf({ routeOptions }: FastifyRequest): Partial<RouteConfig> {
  return routeOptions.config as Partial<RouteConfig>;
}

/** Name of the route that a request was found for. */
export function routeNameOf(request: FastifyRequest): RouteName | undefined {
  return configOf(request).name;
}
