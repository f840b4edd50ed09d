import type { Clock, Scope, Timer } from '@roundhouse/core';
import { metricsError } from './errors.ts';

/** One figure whose past is kept. */
export interface HistorySeries {
  /** E.g. `sessions_active`. */
  readonly name: string;
  /** E.g. `sessions`, `seconds`, `bytes`, `requests/s`. */
  readonly unit: string;
  /** A `rate` is the growth of what `read` gives, per second; a `level` is what it gives. */
  readonly kind: 'level' | 'rate';
  readonly read: () => number;
}

export interface HistoryQuery {
  /** ms since 1970. Default: as far back as there is. */
  readonly since?: number;
  /** ms since 1970. Default: now. */
  readonly until?: number;
  /** Width of a point, ms; rounded up to whole samples, of which it is the mean. Default: one sample. */
  readonly stepMs?: number;
}

export interface HistoryPage {
  readonly stepMs: number;
  /** End of each point, ms since 1970, ascending. */
  readonly times: readonly number[];
  readonly series: ReadonlyArray<{
    readonly name: string;
    readonly unit: string;
    /** One for each time; null where nothing was measured. */
    readonly values: ReadonlyArray<number | null>;
  }>;
}

const SAMPLE_MS = 30_000;
/** 24 h. */
const SAMPLES = 2_880;
const MS_PER_SECOND = 1_000;

/** The last 24 hours of some figures, at 30 s, in memory: 23 KiB a series. */
export class History {
  readonly #series: readonly HistorySeries[];
  readonly #clock: Clock;
  /** Values of each series, in a ring; NaN where nothing was measured. */
  readonly #rings: readonly Float64Array[];
  readonly #before: Float64Array;
  /** Wall clock of sample 0, ms; those that follow are counted from there, so that a clock that jumps tears no hole. */
  readonly #origin: number;
  readonly #began: number;
  /** Number of the newest sample; -1 before the first. */
  #newest = -1;

  constructor(series: readonly HistorySeries[], clock: Clock) {
    this.#series = series;
    this.#clock = clock;
    this.#rings = series.map(() => new Float64Array(SAMPLES).fill(Number.NaN));
    this.#before = new Float64Array(series.length).fill(Number.NaN);
    this.#origin = clock.now();
    this.#began = clock.monotonic();
  }

  /** Samples every 30 s until the scope ends. */
  start(scope: Scope): void {
    const clock = this.#clock;
    let timer: Timer;
    const turn = (): void => {
      this.#sample();
      const elapsedMs = clock.monotonic() - this.#began;
      timer = clock.setTimer(SAMPLE_MS - (elapsedMs % SAMPLE_MS), turn);
    };
    timer = clock.setTimer(0, turn);
    scope.onEnd(() => timer.cancel());
  }

  /** Raises METRIC_HISTORY_QUERY_INVALID. */
  query({ since = -Infinity, until = Infinity, stepMs = SAMPLE_MS }: HistoryQuery = {}): HistoryPage {
    if (!(stepMs > 0 && stepMs <= SAMPLES * SAMPLE_MS)) throw invalid('the step is from 1 ms to 24 h');
    if (!(since < until)) throw invalid('"since" has to be before "until"');
    const width = Math.ceil(stepMs / SAMPLE_MS);
    const oldest = Math.max(0, this.#newest - SAMPLES + 1, this.#sampleAt(since));
    const last = Math.min(this.#newest, this.#sampleAt(until) - 1);
    const firsts: number[] = [];
    for (let first = oldest; first <= last; first += width) firsts.push(first);
    const end = (first: number): number => Math.min(first + width - 1, last);
    return {
      stepMs: width * SAMPLE_MS,
      times: firsts.map((first) => this.#origin + end(first) * SAMPLE_MS),
      series: this.#series.map(({ name, unit }, index) => ({
        name,
        unit,
        values: firsts.map((first) => mean(this.#rings[index] as Float64Array, first, end(first))),
      })),
    };
  }

  /** The first sample at or behind a moment. */
  #sampleAt(at: number): number {
    return Math.ceil((at - this.#origin) / SAMPLE_MS);
  }

  #sample(): void {
    const number = Math.round((this.#clock.monotonic() - this.#began) / SAMPLE_MS);
    if (number <= this.#newest) return;
    const elapsedSeconds = (number - this.#newest) * (SAMPLE_MS / MS_PER_SECOND);
    // The process slept or hung: what it missed stays empty.
    for (let missed = Math.max(this.#newest + 1, number - SAMPLES + 1); missed < number; missed++) {
      for (const ring of this.#rings) ring[missed % SAMPLES] = Number.NaN;
    }
    this.#newest = number;
    for (const [index, { kind, read }] of this.#series.entries()) {
      const value = safely(read);
      const before = this.#before[index] as number;
      this.#before[index] = value;
      const ring = this.#rings[index] as Float64Array;
      ring[number % SAMPLES] = kind === 'level' ? value : Math.max(0, value - before) / elapsedSeconds;
    }
  }
}

function mean(ring: Float64Array, first: number, last: number): number | null {
  let sum = 0;
  let count = 0;
  for (let at = first; at <= last; at++) {
    const value = ring[at % SAMPLES] as number;
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  return count === 0 ? null : sum / count;
}

/** One figure that cannot be read takes no other with it. */
function safely(read: () => number): number {
  try {
    return read();
  } catch {
    return Number.NaN;
  }
}

function invalid(reason: string): Error {
  return metricsError('METRIC_HISTORY_QUERY_INVALID', { details: { reason } });
}
