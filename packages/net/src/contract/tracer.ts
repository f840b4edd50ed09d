/** Something that takes time, and is told of when it is over. */
export interface NetSpan {
  /** For the request that goes out, as W3C Trace Context writes it; undefined when nothing is traced. */
  readonly traceparent: string | undefined;
  /** Ends it, with the code of the failure if there was one. Idempotent. */
  end(code?: string): void;
}

/** Makes spans, named `net.<protocol>.<operation>`. */
export interface NetTracer {
  start(name: string, attributes: Readonly<Record<string, string | number>>, traceparent?: string): NetSpan;
}

const nothing = (): void => {};

/** Records nothing, and passes on what comes in. */
export const noNetTracer: NetTracer = {
  start: (_name, _attributes, traceparent) => ({ traceparent, end: nothing }),
};
