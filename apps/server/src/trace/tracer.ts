import { isRoundhouseError } from '@roundhouse/core';
import type { TraceContext } from './traceparent.ts';

export type SpanValue = string | number | boolean;
type SpanAttributes = Readonly<Record<string, SpanValue>>;

interface SpanOptions {
  /** What it is a part of; without one it begins a trace. */
  readonly parent?: TraceContext | undefined;
  /** `server` answers someone, `client` asks someone. Default `internal`. */
  readonly kind?: 'internal' | 'server' | 'client';
  readonly attributes?: SpanAttributes;
}

/** Something that takes time, and is told of when it is over. */
export interface Span {
  /** To pass on; undefined when nothing is traced. */
  readonly context: TraceContext | undefined;
  set(name: string, value: SpanValue): void;
  /** It did not do what it should; only a code goes out, because messages may quote what a caller sent. */
  fail(code: string): void;
  /** Idempotent. */
  end(): void;
}

export interface Tracer {
  /** Whether spans go anywhere. */
  readonly isRecording: boolean;
  start(name: string, options?: SpanOptions): Span;
}

/** Runs something within a span: it ends with it, and fails with it. */
export async function traced<T>(
  tracer: Tracer,
  name: string,
  options: SpanOptions,
  run: (span: Span) => Promise<T>,
): Promise<T> {
  const span = tracer.start(name, options);
  try {
    return await run(span);
  } catch (error) {
    span.fail(isRoundhouseError(error) ? error.code : 'INTERNAL');
    throw error;
  } finally {
    span.end();
  }
}

const nothing = (): void => {};
const UNTRACED: Span = { context: undefined, set: nothing, fail: nothing, end: nothing };

/** Records nothing, and passes on what comes in. */
export const noTracer: Tracer = {
  isRecording: false,
  start: (_name, options) =>
    options?.parent === undefined ? UNTRACED : { context: options.parent, set: nothing, fail: nothing, end: nothing },
};
