/** Where in which trace something happens, as it goes from one program to the next (W3C Trace Context). */
export interface TraceContext {
  /** 32 hexadecimal digits in lower case, not all 0. */
  readonly traceId: string;
  /** 16 hexadecimal digits in lower case, not all 0. */
  readonly spanId: string;
  /** Whether the caller may have recorded it. */
  readonly isSampled: boolean;
  /** What other systems want to be passed on, as it came. */
  readonly tracestate?: string;
}

/** W3C Trace Context, Recommendation of 23 November 2021, §3.2.2. Later versions may have more behind a further `-`. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const ZERO_TRACE = '0'.repeat(32);
const ZERO_SPAN = '0'.repeat(16);
const SAMPLED = 0x01;
/** Longest header that is looked at; version 00 has 55 characters. */
const MAX_LENGTH = 256;
/** §3.3.1.5: at least this much is to be passed on. */
const MAX_TRACESTATE = 512;
/** §3.3.1: printable characters in members parted by commas. */
const TRACESTATE = /^[\t\x20-\x7e]+=[\t\x20-\x7e]*$/;

/** Reads the headers `traceparent` and `tracestate`; undefined for one that is absent or broken, as §4.3 has it. */
export function parseTraceparent(traceparent: unknown, tracestate?: unknown): TraceContext | undefined {
  if (typeof traceparent !== 'string' || traceparent.length > MAX_LENGTH) return undefined;
  const match = TRACEPARENT.exec(traceparent);
  if (match === null) return undefined;
  const [, version, traceId, spanId, flags, rest] = match as unknown as readonly [
    string,
    string,
    string,
    string,
    string,
    string?,
  ];
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (traceId === ZERO_TRACE || spanId === ZERO_SPAN) return undefined;
  const isSampled = (Number.parseInt(flags, 16) & SAMPLED) !== 0;
  const state = readTracestate(tracestate);
  return { traceId, spanId, isSampled, ...(state === undefined ? {} : { tracestate: state }) };
}

/** The header `traceparent`, version 00. */
export function formatTraceparent({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}

/** Headers that carry a context on; none without one. */
export function traceHeaders(context: TraceContext | undefined): Readonly<Record<string, string>> {
  if (context === undefined) return {};
  const { tracestate } = context;
  return { traceparent: formatTraceparent(context), ...(tracestate === undefined ? {} : { tracestate }) };
}

/** What a log line or a problem body says of a context. */
export function traceFields(context: TraceContext | undefined): {
  readonly trace_id?: string;
  readonly span_id?: string;
} {
  return context === undefined ? {} : { trace_id: context.traceId, span_id: context.spanId };
}

function readTracestate(tracestate: unknown): string | undefined {
  if (typeof tracestate !== 'string' || tracestate.length > MAX_TRACESTATE) return undefined;
  return TRACESTATE.test(tracestate) ? tracestate : undefined;
}
