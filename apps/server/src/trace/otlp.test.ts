import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { coreError, Secret } from '@roundhouse/core';
import { fastify } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WatchedEvent } from '../metrics/sources.ts';
import { traceOperations } from './operations.ts';
import { openOtlpTracing, type Tracing } from './otlp.ts';
import { traceOf, traceRequests } from './requests.ts';
import { traced, noTracer } from './tracer.ts';

/** The JSON of OTLP, as far as these tests look at it. */
interface Export {
  readonly resourceSpans: ReadonlyArray<{
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: ReadonlyArray<{ readonly spans: readonly ExportedSpan[] }>;
  }>;
}
interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number };
}
interface ExportedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code: number; readonly message?: string };
}

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const ERROR = 2;

let collector: Server;
let received: Array<{ readonly headers: IncomingHttpHeaders; readonly body: Export }>;
let tracing: Tracing;

async function open(ratio = 1): Promise<Tracing> {
  const { port } = collector.address() as AddressInfo;
  const headers = { authorization: new Secret('Bearer collector') };
  return openOtlpTracing({ url: `http://127.0.0.1:${port}/v1/traces`, headers, ratio, version: '1.2.3' });
}

beforeEach(async () => {
  received = [];
  collector = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString()) as Export });
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  tracing = await open();
});

afterEach(async () => {
  await tracing.close();
  collector.closeAllConnections();
  await new Promise((resolve) => collector.close(resolve));
});

async function exported(): Promise<readonly ExportedSpan[]> {
  await tracing.flush();
  return received.flatMap(({ body }) =>
    body.resourceSpans.flatMap((each) => each.scopeSpans.flatMap(({ spans }) => spans)),
  );
}

function attributesOf({ attributes }: { readonly attributes: readonly Attribute[] }): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]));
}

describe('spans sent by OTLP', () => {
  it('belong to the trace of the caller of a request, and its children to it', async () => {
    await using app = fastify();
    traceRequests(app, tracing.tracer);
    app.get('/sessions/:id', async (request) => {
      const parent = traceOf(request);
      return traced(tracing.tracer, 'session create', { parent }, async ({ context }) => context ?? {});
    });
    const answer = await app.inject({
      url: '/sessions/7',
      headers: { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'a=b' },
    });
    const [child, request] = await exported();
    expect(request).toMatchObject({ traceId: TRACE, parentSpanId: SPAN, name: 'GET /sessions/:id', kind: 2 });
    expect(child).toMatchObject({ traceId: TRACE, parentSpanId: request?.spanId, name: 'session create' });
    expect(answer.json()).toEqual({ traceId: TRACE, spanId: child?.spanId, isSampled: true, tracestate: 'a=b' });
    expect(attributesOf(request as ExportedSpan)).toMatchObject({
      'http.request.method': 'GET',
      'http.route': '/sessions/:id',
      'http.response.status_code': 200,
    });
    expect(received[0]?.headers).toMatchObject({
      authorization: 'Bearer collector',
      'content-type': 'application/json',
    });
    expect(attributesOf(received[0]?.body.resourceSpans[0]?.resource ?? { attributes: [] })).toEqual({
      'service.name': 'roundhouse',
      'service.version': '1.2.3',
    });
  });

  it('tell what failed by its code alone', async () => {
    const failing = traced(tracing.tracer, 'webhook delivery', { kind: 'client' }, () =>
      Promise.reject(coreError('DEADLINE_EXCEEDED', { details: { what: 'hunter22' } })),
    );
    await expect(failing).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    const [span] = await exported();
    expect(span).toMatchObject({ kind: 3, status: { code: ERROR, message: 'DEADLINE_EXCEEDED' } });
    expect(JSON.stringify(received)).not.toContain('hunter22');
  });

  it('are made of the operations of the gateway', async () => {
    let tell: ((event: WatchedEvent) => void) | undefined;
    traceOperations(tracing.tracer, {
      watch(watcher) {
        tell = watcher;
        return () => {};
      },
    });
    const move = (status: string, data: WatchedEvent['data'] = {}): void =>
      tell?.({
        type: `roundhouse.operation.${status}`,
        subject: 'op1',
        data: { kind: 'failover', session_id: 's1', ...data },
      });
    move('in_progress');
    move('reconnecting');
    expect(await exported()).toEqual([]);
    move('failed', { code: 'NO_ENDPOINT', endpoint: 'tso2' });
    const [span] = await exported();
    expect(span).toMatchObject({ name: 'session failover', status: { code: ERROR, message: 'NO_ENDPOINT' } });
    expect(attributesOf(span as ExportedSpan)).toMatchObject({
      'roundhouse.operation_id': 'op1',
      'roundhouse.session_id': 's1',
      'error.type': 'NO_ENDPOINT',
      'roundhouse.endpoint': 'tso2',
    });
  });

  it('are not sent when the caller decided against it, or the ratio says so', async () => {
    const parent = { traceId: TRACE, spanId: SPAN, isSampled: false };
    const span = tracing.tracer.start('not sampled', { parent });
    expect(span.context).toMatchObject({ traceId: TRACE, isSampled: false });
    span.end();
    await using none = await open(0);
    none.tracer.start('none').end();
    await none.flush();
    expect(await exported()).toEqual([]);
  });

  it('are lost without a fault when the collector is away', async () => {
    const { port } = collector.address() as AddressInfo;
    await using lost = await openOtlpTracing({
      url: `http://127.0.0.1:${port}/v1/traces`,
      timeoutMs: 200,
      version: '1',
    });
    collector.closeAllConnections();
    await new Promise((resolve) => collector.close(resolve));
    lost.tracer.start('lost').end();
    await lost.flush();
    await lost.close();
    expect(received).toEqual([]);
  });

  it.each([{ url: 'collector:4318' }, { url: 'file:///x' }, { ratio: 2 }])('are refused with %j', async (options) => {
    const opened = openOtlpTracing({ url: 'http://127.0.0.1:1/', version: '1', ...options });
    await expect(opened).rejects.toMatchObject({ code: 'TRACE_OPTIONS_INVALID' });
  });
});

describe('without an exporter', () => {
  it('the context of the caller is passed on as it came', async () => {
    await using app = fastify();
    traceRequests(app, noTracer);
    app.get('/', (request) =>
      traced(noTracer, 'child', { parent: traceOf(request) }, async ({ context }) => context ?? {}),
    );
    const header = `00-${TRACE}-${SPAN}-01`;
    const withTrace = await app.inject({ url: '/', headers: { traceparent: header } });
    expect(withTrace.json()).toEqual({ traceId: TRACE, spanId: SPAN, isSampled: true });
    expect((await app.inject({ url: '/' })).json()).toEqual({});
  });
});
