import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { buildOpenApi, LIMITS, type Route, type RouteName, ROUTES } from '@roundhouse/api';
import { type Clock, createScope, isRoundhouseError, type Logger, systemClock } from '@roundhouse/core';
import type { Host } from '@roundhouse/tn3270/host';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest, type HTTPMethods } from 'fastify';
import { serverError } from './errors.ts';
import { parseJsonBody } from './http/jsonBody.ts';
import { rawProblem, sendProblem } from './http/problem.ts';
import { sessionRoutes } from './http/sessionRoutes.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import {
  type FrontDoorOptions,
  Gateway,
  type GatewayDependencies,
  type GatewayOptions,
  openFrontDoor,
  type OpenSession,
} from '@roundhouse/sessions';
import { endpointRoutes } from './http/endpointRoutes.ts';
import { eventRoutes } from './http/eventRoutes.ts';
import { operationRoutes } from './http/operationRoutes.ts';
import { bearerCheck } from './token.ts';

export interface ServerOptions extends GatewayOptions {
  /** A door for terminal emulators. Default: none. */
  readonly frontDoor?: FrontDoorOptions;
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Bearer token that every route but the probes wants. */
  readonly token: string;
  /** Version of the product, for the OpenAPI document. */
  readonly version: string;
}

export interface ServerDependencies {
  readonly openSession: OpenSession;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly randomBytes?: (size: number) => Buffer;
  /** 0 … 1, as Math.random. */
  readonly random?: () => number;
  /** Where navigation scripts get their secrets. */
  readonly secrets?: NonNullable<GatewayDependencies['secrets']>;
}

interface ServerAddress {
  readonly url: string;
  readonly port: number;
  /** Port of the front door; null without one. */
  readonly frontPort: number | null;
}

export interface Server extends AsyncDisposable {
  /** For configuration from within the process. */
  readonly gateway: Gateway;
  /** Listens; gives the address. Raises PORT_IN_USE. */
  start(): Promise<ServerAddress>;
  /** Stops accepting, closes the sessions, ends within 5 s. Idempotent. */
  stop(): Promise<void>;
}

/** Bounds of a clean stop: for the goodbyes to the hosts, then for answers on their way, ms. */
const CLOSE_SESSIONS_MS = 3_000;
const LAST_ANSWERS_MS = 1_000;

/** Time for a whole request to arrive, ms. */
const REQUEST_TIMEOUT_MS = 30_000;

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

/** The session API over HTTP. Opens nothing before `start`. */
export function createServer(options: ServerOptions, deps: ServerDependencies): Server {
  const clock = deps.clock ?? systemClock;
  const { log, openSession } = deps;
  const host = options.host ?? '127.0.0.1';
  const scope = createScope({ clock });
  // Streams never end by themselves: they go first when the server stops.
  const streams = scope.child();
  const metrics = createMetrics();
  const gateway = new Gateway(options, {
    openSession,
    clock,
    log,
    scope,
    randomBytes: deps.randomBytes ?? randomBytes,
    random: deps.random ?? Math.random,
    ...(deps.secrets === undefined ? {} : { secrets: deps.secrets }),
  });
  metrics.follow(gateway.events);
  let door: Host | undefined;
  let stopping: Promise<void> | undefined;
  const isStopping = (): boolean => stopping !== undefined;
  const app = createApp(log);
  guard(app, options.token, isStopping);
  measure(app, metrics, log);
  register(app, {
    livez: (_request, reply) => reply.send({ status: 'live' }),
    readyz: (_request, reply) => reply.send({ status: 'ready' }),
    getMetrics: (_request, reply) =>
      reply.type('text/plain; version=0.0.4; charset=utf-8').send(metrics.render(gateway.sessions.countByState())),
    getOpenApi: (_request, reply) => {
      openApi ??= JSON.stringify(buildOpenApi(options.version));
      return reply.header('content-type', 'application/json; charset=utf-8').send(openApi);
    },
    ...sessionRoutes({ gateway, metrics, scope }),
    ...endpointRoutes(gateway),
    ...operationRoutes(gateway),
    ...eventRoutes({ gateway, clock, scope: streams }),
  });
  let openApi: string | undefined;

  async function stop(): Promise<void> {
    streams.end();
    const closed = app.close();
    using deadline = scope.child({ what: 'Closing the sessions', timeoutMs: CLOSE_SESSIONS_MS });
    await deadline.race(closeSessions()).catch(() => log.warn('sessions were cut'));
    const timer = clock.setTimer(LAST_ANSWERS_MS, () => app.server.closeAllConnections());
    await closed;
    timer.cancel();
    scope.end();
  }

  async function closeSessions(): Promise<void> {
    await door?.close();
    await gateway.close();
  }

  async function openDoor(doorOptions: FrontDoorOptions): Promise<Host> {
    try {
      return await openFrontDoor(doorOptions, { gateway, clock, log }, scope);
    } catch (cause) {
      if (!isRoundhouseError(cause) || cause.code !== 'ADDRESS_IN_USE') throw cause;
      const { port, host: address = '127.0.0.1' } = doorOptions;
      throw serverError('PORT_IN_USE', { details: { port, host: address, variable: 'ROUNDHOUSE_FRONT_PORT' }, cause });
    }
  }

  return {
    gateway,
    async start() {
      if (options.frontDoor !== undefined) door = await openDoor(options.frontDoor);
      try {
        await app.listen({ host, port: options.port });
      } catch (cause) {
        await door?.close();
        if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
        const details = { port: options.port, host, variable: 'ROUNDHOUSE_PORT' };
        throw serverError('PORT_IN_USE', { details, cause });
      }
      const { port } = app.server.address() as AddressInfo;
      const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
      log.info('listening', { url });
      return { url, port, frontPort: door?.port ?? null };
    },
    stop: () => (stopping ??= stop()),
    [Symbol.asyncDispose]() {
      return this.stop();
    },
  };
}

function createApp(log: Logger): FastifyInstance {
  const boot = randomBytes(6).toString('base64url');
  let requests = 0;
  const nextId = (): string => `${boot}-${++requests}`;
  const app = fastify({
    logger: false,
    bodyLimit: LIMITS.maxBodyBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Requests on kept connections meet our own SHUTTING_DOWN.
    return503OnClosing: false,
    genReqId: nextId,
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply, log),
    clientErrorHandler: (error, socket) => {
      if (socket.writable && error.code !== 'ECONNRESET') socket.write(rawProblem(error, nextId()));
      socket.destroy();
    },
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
  return app;
}

/** Lets in who has the token; the probes are open, but tell when the server stops. */
function guard(app: FastifyInstance, token: string, isStopping: () => boolean): void {
  const isAuthorized = bearerCheck(token);
  app.addHook('onRequest', (request, reply, done) => {
    reply.raw.setHeader('x-content-type-options', 'nosniff');
    reply.raw.setHeader('cache-control', 'no-store');
    const { url, config } = request.routeOptions;
    const isOpen = (config as RouteConfig).isOpen === true;
    if (!isOpen && !isAuthorized(request.headers.authorization)) done(serverError('UNAUTHENTICATED'));
    else if (isStopping() && url !== ROUTES.livez.path) done(serverError('SHUTTING_DOWN'));
    else done();
  });
}

function measure(app: FastifyInstance, metrics: Metrics, log: Logger): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { method } = request;
    const route = request.routeOptions.url ?? 'unmatched';
    const status = String(reply.statusCode);
    const elapsedMs = reply.elapsedTime;
    metrics.requests.observe(elapsedMs / 1000, `${method} ${route} ${status}`, () => ({ method, route, status }));
    log.debug('request', { request_id: request.id, method, route, status: reply.statusCode, elapsed_ms: elapsedMs });
    done();
  });
}

interface RouteConfig {
  readonly isOpen?: boolean;
}

/** Methods that a path refuses with METHOD_NOT_ALLOWED where it has no route for them. */
const METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

function register(app: FastifyInstance, handlers: Readonly<Record<RouteName, Handler>>): void {
  const taken = new Map<string, Set<HTTPMethods>>();
  for (const [name, route] of Object.entries<Route>(ROUTES)) {
    const url = route.path.replaceAll(/\{(\w+)\}/g, ':$1');
    const config: RouteConfig = { isOpen: route.permission === 'none' };
    app.route({ method: route.method, url, config, handler: handlers[name as RouteName] });
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
