import { createScope, type Secret } from '@roundhouse/core';
import { traceError } from './errors.ts';
import type { Tracer } from './tracer.ts';

export interface OtlpOptions {
  /** Where spans go, e.g. `http://collector:4318/v1/traces`. */
  readonly url: string;
  /** Headers of each export, e.g. those of a tenant. */
  readonly headers?: Readonly<Record<string, string | Secret>>;
  /** Part of the traces that are recorded, 0 … 1; one that a caller has decided on is as the caller says. Default 1. */
  readonly ratio?: number;
  /** Spans that wait at most; those beyond are dropped. Default 2,048. */
  readonly maxQueued?: number;
  /** Longest time that a span waits for others, ms. Default 5,000. */
  readonly delayMs?: number;
  /** Longest time of one export, ms. Default 10,000. */
  readonly timeoutMs?: number;
  /** Version of the product. */
  readonly version: string;
}

/** Spans on their way out. */
export interface Tracing extends AsyncDisposable {
  readonly tracer: Tracer;
  /** Sends what waits, as far as the collector takes it within the time of one export. */
  flush(): Promise<void>;
  /** Sends what waits and ends. Idempotent. */
  close(): Promise<void>;
}

const MAX_QUEUED = 2_048;
/** Longest wait of `close` for the last spans, ms. */
const CLOSE_MS = 1_500;
const BATCH = 512;

/**
 * Sends spans to a collector by OTLP over HTTP, in JSON; what that takes is loaded here and not before. A collector that
 * is away costs spans and nothing else. Raises TRACE_OPTIONS_INVALID.
 */
export async function openOtlpTracing(options: OtlpOptions): Promise<Tracing> {
  const { url, ratio = 1, maxQueued = MAX_QUEUED, delayMs = 5_000, timeoutMs = 10_000, version } = options;
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) throw invalid('the address is http:// or https://');
  if (!(ratio >= 0 && ratio <= 1)) throw invalid('the ratio is from 0 to 1');
  const [{ openTelemetryTracer }, sdk, { OTLPTraceExporter }] = await Promise.all([
    import('./openTelemetry.ts'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  const exporter = new OTLPTraceExporter({ url, headers: revealed(options.headers ?? {}), timeoutMillis: timeoutMs });
  const processor = new sdk.BatchSpanProcessor({
    exporter,
    maxQueueSize: maxQueued,
    maxExportBatchSize: Math.min(BATCH, maxQueued),
    scheduledDelayMillis: delayMs,
    exportTimeoutMillis: timeoutMs,
  });
  const provider = new sdk.TracerProvider({
    resource: new ServiceResource(version),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [processor],
  });
  let closing: Promise<void> | undefined;
  // An export that fails is the loss of its spans, no fault of the server.
  const close = (): Promise<void> => (closing ??= within(CLOSE_MS, provider.shutdown()));
  return {
    tracer: openTelemetryTracer(provider.getTracer('roundhouse', version)),
    flush: () => provider.forceFlush().catch(() => {}),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** What the spans come from, in the semantic conventions of OpenTelemetry. */
class ServiceResource {
  readonly attributes: { readonly 'service.name': string; readonly 'service.version': string };

  constructor(version: string) {
    this.attributes = { 'service.name': 'roundhouse', 'service.version': version };
  }

  merge(): this {
    return this;
  }

  getRawAttributes(): Array<[string, string]> {
    return Object.entries(this.attributes);
  }
}

function revealed(headers: Readonly<Record<string, string | Secret>>): Record<string, string> {
  const texts = Object.entries(headers).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : value.reveal(),
  ]);
  return Object.fromEntries(texts) as Record<string, string>;
}

function invalid(reason: string): Error {
  return traceError('TRACE_OPTIONS_INVALID', { details: { reason } });
}

/** A stop does not wait for a collector that is away. */
async function within(timeoutMs: number, work: Promise<void>): Promise<void> {
  using limit = createScope({ timeoutMs });
  await limit.race(work).catch(() => {});
}
