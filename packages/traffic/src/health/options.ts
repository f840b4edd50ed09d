import { invalid, wholeWithin, within } from './range.ts';

/**
 * What a failure of live traffic says of its endpoint: nothing (`ignored`: the caller's own doing), one step towards
 * its fall (`counts`), or all that is needed (`decisive`).
 */
export type FailureClass = 'ignored' | 'counts' | 'decisive';

/** How an endpoint is watched. Times in ms. */
export interface HealthOptions {
  /** Between probes while nothing changes, 100 ms … 1 h. Default 10 s. */
  readonly intervalMs?: number;
  /** Between probes while the status is about to change; at most `intervalMs`. Default 2 s. */
  readonly fastIntervalMs?: number;
  /** What one probe may take, 10 ms … 10 min. Default 5 s. */
  readonly timeoutMs?: number;
  /**
   * The wait for an unhealthy endpoint doubles from `fastIntervalMs` with each attempt that fails, up to this.
   * Default 60 s, or `fastIntervalMs` if that is longer.
   */
  readonly maxBackoffMs?: number;
  /** Share by which waits vary at random, 0 … 0.5, lest endpoints are probed in step. Default 0.2. */
  readonly jitter?: number;
  /** Good probes in a row that bring an endpoint back, 1 … 100. Default 2. */
  readonly rise?: number;
  /** Failures in a row, of probes and traffic together, that make it unhealthy, 1 … 100. Default 3. */
  readonly fall?: number;
  /** A probe or response that takes longer is poor; `fall` of them in a row make it degraded. Default: none is. */
  readonly degradedAboveMs?: number;
  /** Time in which an endpoint that came back grows to its whole weight, 0 … 1 h. Default 30 s. */
  readonly slowStartMs?: number;
  readonly flap?: FlapOptions;
  readonly passive?: PassiveOptions;
  /** Time constant in which response times are forgotten, 10 ms … 1 h. Default 10 s. */
  readonly responseDecayMs?: number;
  /** Entries of history kept, 1 … 1,000. Default 64. */
  readonly historySize?: number;
}

/**
 * Damping of an endpoint that comes and goes: each fall or return beyond `changes` within `windowMs` doubles the good
 * probes in a row that bring it back, up to `maxRise`, and the wait between probes while it is down, up to
 * `maxBackoffMs`.
 */
interface FlapOptions {
  /** 1 … 100. Default 4: two outages are free. */
  readonly changes?: number;
  /** 1 s … 1 d. Default 5 min. */
  readonly windowMs?: number;
  /** `rise` … 1,000. Default 20, or `rise` if that is more. */
  readonly maxRise?: number;
}

/** How live traffic counts. */
interface PassiveOptions {
  /** What speaks against an endpoint is forgotten when nothing was added for so long, 100 ms … 1 d. Default 30 s. */
  readonly windowMs?: number;
  /** By catalogue code, at most 1,000; codes not named count. CANCELLED is ignored unless it is named. */
  readonly codes?: Readonly<Record<string, FailureClass>>;
}

/** Options after the door: complete, checked, read-only. */
export interface ResolvedHealthOptions extends Readonly<Required<Omit<HealthOptions, 'flap' | 'passive'>>> {
  readonly flap: Readonly<Required<FlapOptions>>;
  readonly passive: { readonly windowMs: number; readonly codes: ReadonlyMap<string, FailureClass> };
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MAX_CODES = 1000;
const CLASSES: readonly string[] = ['ignored', 'counts', 'decisive'] satisfies readonly FailureClass[];

/** Checks and completes. Raises HEALTH_OPTION_INVALID. */
export function resolveHealthOptions(options: HealthOptions = {}): ResolvedHealthOptions {
  const intervalMs = within('interval_ms', options.intervalMs ?? 10 * SECOND, 100, HOUR);
  const fastIntervalMs = within(
    'fast_interval_ms',
    options.fastIntervalMs ?? Math.min(2 * SECOND, intervalMs),
    100,
    intervalMs,
  );
  const rise = wholeWithin('rise', options.rise ?? 2, 1, 100);
  const { flap = {}, passive = {} } = options;
  return {
    intervalMs,
    fastIntervalMs,
    timeoutMs: within('timeout_ms', options.timeoutMs ?? 5 * SECOND, 10, 10 * MINUTE),
    maxBackoffMs: within(
      'max_backoff_ms',
      options.maxBackoffMs ?? Math.max(MINUTE, fastIntervalMs),
      fastIntervalMs,
      DAY,
    ),
    jitter: within('jitter', options.jitter ?? 0.2, 0, 0.5),
    rise,
    fall: wholeWithin('fall', options.fall ?? 3, 1, 100),
    degradedAboveMs:
      options.degradedAboveMs === undefined ? Infinity : within('degraded_above_ms', options.degradedAboveMs, 0, HOUR),
    slowStartMs: within('slow_start_ms', options.slowStartMs ?? 30 * SECOND, 0, HOUR),
    flap: {
      changes: wholeWithin('flap.changes', flap.changes ?? 4, 1, 100),
      windowMs: within('flap.window_ms', flap.windowMs ?? 5 * MINUTE, SECOND, DAY),
      maxRise: wholeWithin('flap.max_rise', flap.maxRise ?? Math.max(20, rise), rise, 1000),
    },
    passive: {
      windowMs: within('passive.window_ms', passive.windowMs ?? 30 * SECOND, 100, DAY),
      codes: resolveCodes(passive.codes ?? {}),
    },
    responseDecayMs: within('response_decay_ms', options.responseDecayMs ?? 10 * SECOND, 10, HOUR),
    historySize: wholeWithin('history_size', options.historySize ?? 64, 1, 1000),
  };
}

function resolveCodes(codes: Readonly<Record<string, FailureClass>>): ReadonlyMap<string, FailureClass> {
  const entries = Object.entries(codes);
  if (entries.length > MAX_CODES) throw invalid('passive.codes', `at most ${MAX_CODES} codes`);
  for (const [code, failureClass] of entries) {
    if (!CLASSES.includes(failureClass)) throw invalid(`passive.codes.${code}`, `one of ${CLASSES.join(', ')}`);
  }
  return new Map([['CANCELLED', 'ignored'], ...entries]);
}
