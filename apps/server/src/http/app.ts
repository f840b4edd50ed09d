import { randomBytes } from 'node:crypto';
import { LIMITS, type Route, type RouteName, ROUTES } from '@roundhouse/api';
import type { Logger } from '@roundhouse/core';
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest, type HTTPMethods } from 'fastify';
import { serverError } from '../errors.ts';
import {
  type ConnectionBounds,
  type ConnectionBoundsOptions,
  boundConnections,
  SLOW_CLIENT_BOUNDS,
} from './connectionBounds.ts';
import type { RouteConfig } from './guard.ts';
import { answerStrangeRequests } from './requestForm.ts';
import { parseJsonBody } from './jsonBody.ts';
import { methodsAt, pathMethods, widerMethods } from './pathMethods.ts';
import { answerClientError, sendProblem } from './problem.ts';

const PATHS = pathMethods(Object.values<Route>(ROUTES));

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;
export type Handlers = Readonly<Record<RouteName, Handler>>;

export interface App {
  readonly fastify: FastifyInstance;
  readonly connections: ConnectionBounds;
}

export interface AppOptions {
  readonly connections?: ConnectionBoundsOptions;
  /** TLS from the first byte; plain without. */
  readonly tls?: SecureContextOptions & TlsOptions;
}

/** A server that answers every fault with a problem body, and has no route yet. */
export function createApp({ connections = {}, tls }: AppOptions, log: Logger): App {
  const boot = randomBytes(6).toString('base64url');
  let requests = 0;
  const nextId = (): string => `${boot}-${++requests}`;
  const app = fastify({
    logger: false,
    // Requests are checked by the schemas of the API: the compilers for JSON Schema are not even loaded.
    schemaController: { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } },
    bodyLimit: LIMITS.maxBodyBytes,
    ...SLOW_CLIENT_BOUNDS,
    ...(tls === undefined ? {} : { https: { ...tls, ...SLOW_CLIENT_BOUNDS.http } }),
    // Requests on kept connections meet our own SHUTTING_DOWN.
    return503OnClosing: false,
    genReqId: nextId,
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply, log),
    clientErrorHandler: (error, socket) => answerClientError(error, socket, nextId),
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseJsonBody(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, log));
  app.setNotFoundHandler(refuse);
  answerStrangeRequests(app.server, nextId);
  return { fastify: app, connections: boundConnections(app.server, connections, nextId) };
}

function noCompiler(): never {
  throw new Error('No route has a JSON Schema');
}

/** Adds the routes of the table. */
export function addRoutes(app: FastifyInstance, handlers: Handlers): void {
  for (const [name, route] of Object.entries<Route>(ROUTES) as Array<[RouteName, Route]>) {
    const config: RouteConfig = { name, permission: route.permission, takesBody: route.body !== undefined };
    app.route({ method: route.method, url: urlOf(route.path), config, handler: handlers[name] });
  }
  for (const path of PATHS) {
    const method = widerMethods(PATHS, path) as HTTPMethods[];
    if (method.length > 0) app.route({ method, url: urlOf(path.segments.join('/')), handler: refuse });
  }
}

/**
 * Raises METHOD_NOT_ALLOWED where a path takes other methods, NOT_FOUND where it takes none. Nearly all of these
 * are paths that no route is found for: routes of their own, seven for each path, would take their time at every start.
 */
function refuse(request: FastifyRequest): never {
  const path = pathOf(request);
  const methods = methodsAt(PATHS, path);
  if (methods === undefined) throw serverError('NOT_FOUND', { details: { path } });
  const allow = [...methods].join(', ');
  throw serverError('METHOD_NOT_ALLOWED', { details: { path, method: request.method, allow } });
}

function urlOf(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] as string;
}
