import {
  createTraceState,
  ROOT_CONTEXT,
  type Span as ApiSpan,
  SpanKind,
  SpanStatusCode,
  type Tracer as ApiTracer,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import type { TraceContext } from './traceparent.ts';
import type { Span, SpanValue, Tracer } from './tracer.ts';

const KINDS = { internal: SpanKind.INTERNAL, server: SpanKind.SERVER, client: SpanKind.CLIENT } as const;

/** Our tracer over one of OpenTelemetry; contexts are passed by hand, there is no ambient one. */
export function openTelemetryTracer(tracer: ApiTracer): Tracer {
  return {
    isRecording: true,
    start(name, { parent, kind = 'internal', attributes = {} } = {}) {
      const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, spanContextOf(parent));
      return new RecordedSpan(tracer.startSpan(name, { kind: KINDS[kind], attributes: { ...attributes } }, context));
    },
  };
}

class RecordedSpan implements Span {
  readonly context: TraceContext;
  readonly #span: ApiSpan;
  #hasEnded = false;

  constructor(span: ApiSpan) {
    const { traceId, spanId, traceFlags, traceState } = span.spanContext();
    const tracestate = traceState?.serialize();
    this.#span = span;
    this.context = {
      traceId,
      spanId,
      isSampled: (traceFlags & TraceFlags.SAMPLED) !== 0,
      ...(tracestate ? { tracestate } : {}),
    };
  }

  set(name: string, value: SpanValue): void {
    this.#span.setAttribute(name, value);
  }

  fail(code: string): void {
    this.#span.setAttribute('error.type', code);
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: code });
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#span.end();
  }
}

function spanContextOf({ traceId, spanId, isSampled, tracestate }: TraceContext) {
  return {
    traceId,
    spanId,
    isRemote: true,
    traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    ...(tracestate === undefined ? {} : { traceState: createTraceState(tracestate) }),
  };
}
