import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseTraceparent, type TraceContext } from './traceparent.ts';
import type { Span, Tracer } from './tracer.ts';

const spans = new WeakMap<FastifyRequest, Span>();

/**
 * A span for each request, a child of that of its caller. To be called before the hooks that log or check; a request
 * without a `traceparent` costs nothing while no spans are recorded.
 */
export function traceRequests(app: FastifyInstance, tracer: Tracer): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const { traceparent, tracestate } = request.headers;
    if (tracer.isRecording || traceparent !== undefined) {
      const { method, routeOptions } = request;
      const route = routeOptions.url ?? 'unmatched';
      const span = tracer.start(`${method} ${route}`, {
        kind: 'server',
        parent: parseTraceparent(traceparent, tracestate),
        attributes: { 'http.request.method': method, 'http.route': route, 'roundhouse.request_id': request.id },
      });
      spans.set(request, span);
    }
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const span = spans.get(request);
    if (span !== undefined) {
      span.set('http.response.status_code', reply.statusCode);
      // Semantic conventions for HTTP: what the caller did wrong is no error of a server.
      if (reply.statusCode >= 500) span.fail(String(reply.statusCode));
      span.end();
    }
    done();
  });
  app.addHook('onRequestAbort', (request, done) => {
    const span = spans.get(request);
    span?.fail('CANCELLED');
    span?.end();
    done();
  });
}

/** The context of a request, for its log lines, its problem body, and what it sets going. */
export function traceOf(request: FastifyRequest): TraceContext | undefined {
  return spans.get(request)?.context;
}
