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
import { answerClientError, sendProblem } from './problem.ts';

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
  app.setNotFoundHandler((request) => {
    throw serverError('NOT_FOUND', { details: { path: pathOf(request) } });
  });
  answerStrangeRequests(app.server, nextId);
  return { fastify: app, connections: boundConnections(app.server, connections, nextId) };
}

function noCompiler(): never {
  throw new Error('No route has a JSON Schema');
}

/** Methods that a path refuses with METHOD_NOT_ALLOWED where it has no route for them. */
const METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Adds the routes of the table. */
export function addRoutes(app: FastifyInstance, handlers: Handlers): void {
  const taken = new Map<string, Set<HTTPMethods>>();
  for (const [name, route] of Object.entries<Route>(ROUTES) as Array<[RouteName, Route]>) {
    const url = route.path.replaceAll(/\{(\w+)\}/g, ':$1');
    const config: RouteConfig = { name, permission: route.permission, takesBody: route.body !== undefined };
    app.route({ method: route.method, url, config, handler: handlers[name] });
    const methods = taken.get(url) ?? new Set();
    methods.add(route.method);
    // Fastify answers HEAD wherever there is a GET.
    if (route.method === 'GET') methods.add('HEAD');
    taken.set(url, methods);
  }
  for (const [url, methods] of taken) {
    const allow = [...methods].join(', ');
    app.route({
      method: METHODS.filter((method) => !methods.has(method)),
      url,
      handler: (request) => {
        throw serverError('METHOD_NOT_ALLOWED', { details: { path: pathOf(request), method: request.method, allow } });
      },
    });
  }
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] as string;
}
