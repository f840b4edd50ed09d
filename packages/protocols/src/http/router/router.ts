import { METHODS } from 'node:http';
import { emptyFields, isToken } from '../fields.ts';
import { httpError } from '../errors.ts';
import {
  compose,
  type Fields,
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
  type Middleware,
} from '../message.ts';
import { problem } from '../problem.ts';
import { setParams } from '../server/request.ts';
import { RouteTree } from './routeTree.ts';

/** Finds the handler of a request by method and path. */
export interface Router {
  /**
   * Adds a route. The pattern begins with `/`; its segments are text, `:name` for one segment, and at the end `*name`
   * for all that is left, slashes included. Text goes before `:name`, and that before `*name`. Raises
   * HTTP_ROUTE_INVALID, also for a second handler of the same.
   */
  route(method: string, pattern: string, handler: HttpHandler, ...middleware: readonly Middleware[]): Router;
  get(pattern: string, handler: HttpHandler, ...middleware: readonly Middleware[]): Router;
  post(pattern: string, handler: HttpHandler, ...middleware: readonly Middleware[]): Router;
  put(pattern: string, handler: HttpHandler, ...middleware: readonly Middleware[]): Router;
  patch(pattern: string, handler: HttpHandler, ...middleware: readonly Middleware[]): Router;
  delete(pattern: string, handler: HttpHandler, ...middleware: readonly Middleware[]): Router;
  /** Middleware around everything, also around "there is nothing"; in the order of calls, the first outermost. */
  use(...middleware: readonly Middleware[]): Router;
  /** Answers by route; without one 404, or 405 with Allow. A GET route answers HEAD; OPTIONS is answered with Allow. */
  readonly handler: HttpHandler;
}

export function createRouter(): Router {
  return new TreeRouter();
}

type Handlers = Map<string, HttpHandler>;

class TreeRouter implements Router {
  readonly #tree = new RouteTree<Handlers>();
  #middleware: readonly Middleware[] = [];
  #composed: HttpHandler | undefined;

  readonly handler: HttpHandler = (request, scope) => {
    this.#composed ??= compose(this.#middleware, (each, own) => this.#answer(each, own));
    return this.#composed(request, scope);
  };

  route(method: string, pattern: string, handler: HttpHandler, ...middleware: readonly Middleware[]): this {
    const refuse = (reason: string): Error =>
      httpError('HTTP_ROUTE_INVALID', { details: { route: `${method} ${pattern}`, reason } });
    if (!isToken(method) || !METHODS.includes(method)) throw refuse('the method is not known');
    const handlers = this.#tree.place(pattern, () => new Map(), refuse);
    if (handlers.has(method)) throw refuse('it is there already');
    handlers.set(method, compose(middleware, handler));
    return this;
  }

  get(pattern: string, handler: HttpHandler, ...middleware: readonly Middleware[]): this {
    return this.route('GET', pattern, handler, ...middleware);
  }

  post(pattern: string, handler: HttpHandler, ...middleware: readonly Middleware[]): this {
    return this.route('POST', pattern, handler, ...middleware);
  }

  put(pattern: string, handler: HttpHandler, ...middleware: readonly Middleware[]): this {
    return this.route('PUT', pattern, handler, ...middleware);
  }

  patch(pattern: string, handler: HttpHandler, ...middleware: readonly Middleware[]): this {
    return this.route('PATCH', pattern, handler, ...middleware);
  }

  delete(pattern: string, handler: HttpHandler, ...middleware: readonly Middleware[]): this {
    return this.route('DELETE', pattern, handler, ...middleware);
  }

  use(...middleware: readonly Middleware[]): this {
    this.#middleware = [...this.#middleware, ...middleware];
    this.#composed = undefined;
    return this;
  }

  #answer(request: HttpRequest, scope: Parameters<HttpHandler>[1]): HttpResponse | Promise<HttpResponse> {
    const { method, path } = request;
    if (path === '*') return { status: 204 };
    const found = this.#tree.find(path);
    if (found === undefined) return problem(httpError('HTTP_ROUTE_NOT_FOUND', { details: { path } }));
    const { value: handlers, names, values } = found;
    const handler = handlers.get(method) ?? (method === 'HEAD' ? handlers.get('GET') : undefined);
    if (handler !== undefined) {
      if (names.length > 0) setParams(request, decoded(names, values));
      return handler(request, scope);
    }
    const allow = allowed(handlers);
    if (method === 'OPTIONS') return { status: 204, headers: { allow } };
    return problem(httpError('HTTP_METHOD_NOT_ALLOWED', { details: { path, method } }), { allow });
  }
}

function allowed(handlers: Handlers): string {
  const methods = new Set([...handlers.keys(), 'OPTIONS']);
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods].toSorted().join(', ');
}

function decoded(names: readonly string[], values: readonly string[]): Fields {
  const fields = emptyFields();
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as string;
    const value = values[index] as string;
    try {
      fields[name] = value.includes('%') ? decodeURIComponent(value) : value;
    } catch (cause) {
      const reason = `${name} is not percent-encoded UTF-8`;
      throw httpError('HTTP_REQUEST_INVALID', { details: { reason }, cause });
    }
  }
  return fields;
}
