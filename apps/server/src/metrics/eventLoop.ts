import { monitorEventLoopDelay, performance, PerformanceObserver } from 'node:perf_hooks';
import type { Scope, Timer } from '@roundhouse/core';
import { PAUSE_BOUNDS } from './durations.ts';
import type { Histogram, MetricRegistry } from './registry.ts';

/** What the event loop did in one window, seconds but for `utilisation`. */
interface LoopWindow {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** 0 … 1. */
  readonly utilisation: number;
}

/** Length of a window, ms: every reader sees the last whole one, however many read. */
const WINDOW_MS = 10_000;
/** Of the probes, ms: shorter delays are seen when a probe meets them by chance. Each look wakes an idle process. */
const RESOLUTION_MS = { busy: 100, idle: 1_000 } as const;
/** Part of its time that a loop was busy in the window before, from which on it is looked at often. One long delay does. */
const BUSY = 0.01;
const NS_PER_SECOND = 1e9;
const MS_PER_SECOND = 1e3;

/** `detail.kind` of a collection, `NODE_PERFORMANCE_GC_…` of perf_hooks. */
const GC_KINDS: Readonly<Record<number, string>> = { 1: 'minor', 4: 'major', 8: 'incremental', 16: 'weak_callbacks' };

/** Watches the event loop and the collector from `start` until its scope ends. */
export class EventLoopMonitor {
  readonly #collections: Histogram;
  #window: LoopWindow = { p50: 0, p99: 0, max: 0, utilisation: 0 };

  constructor(registry: MetricRegistry) {
    const gauge = (name: string, help: string, read: (window: LoopWindow) => number): void =>
      registry.mirror('gauge', name, help, { read: () => [{ value: read(this.#window) }] });
    const window = `of the last window of ${WINDOW_MS / MS_PER_SECOND} s.`;
    gauge('roundhouse_event_loop_delay_p50_seconds', `Median delay of the event loop ${window}`, ({ p50 }) => p50);
    gauge(
      'roundhouse_event_loop_delay_p99_seconds',
      `99th percentile of the delay of the event loop ${window}`,
      ({ p99 }) => p99,
    );
    gauge('roundhouse_event_loop_delay_max_seconds', `Longest delay of the event loop ${window}`, ({ max }) => max);
    gauge(
      'roundhouse_event_loop_utilization_ratio',
      `Part of the time in which the event loop was busy ${window}`,
      ({ utilisation }) => utilisation,
    );
    this.#collections = registry.histogram(
      'roundhouse_gc_duration_seconds',
      'Pauses of the garbage collector, by kind.',
      {
        labels: ['kind'],
        bounds: PAUSE_BOUNDS,
      },
    );
  }

  /** Of the last window, seconds. */
  get delayP99(): number {
    return this.#window.p99;
  }

  start(scope: Scope): void {
    let probe = new DelayProbe(RESOLUTION_MS.busy);
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const kind = GC_KINDS[(entry as { detail?: { kind?: number } }).detail?.kind ?? 0] ?? 'other';
        this.#collections.observeAs(entry.duration / MS_PER_SECOND, kind, () => ({ kind }));
      }
    });
    observer.observe({ entryTypes: ['gc'] });
    let before = performance.eventLoopUtilization();
    let timer: Timer;
    const turn = (): void => {
      const now = performance.eventLoopUtilization();
      const { utilization: utilisation } = performance.eventLoopUtilization(now, before);
      this.#window = { ...probe.delays(), utilisation };
      before = now;
      const resolutionMs = utilisation < BUSY ? RESOLUTION_MS.idle : RESOLUTION_MS.busy;
      if (probe.resolutionMs === resolutionMs) probe.reset();
      else {
        probe.disable();
        probe = new DelayProbe(resolutionMs);
      }
      timer = scope.clock.setTimer(WINDOW_MS, turn);
    };
    timer = scope.clock.setTimer(WINDOW_MS, turn);
    scope.onEnd(() => {
      timer.cancel();
      probe.disable();
      observer.disconnect();
    });
  }
}

/** Looks whether the loop comes back in time, every so often. */
class DelayProbe {
  readonly #histogram: ReturnType<typeof monitorEventLoopDelay>;
  readonly resolutionMs: number;

  constructor(resolutionMs: number) {
    this.#histogram = monitorEventLoopDelay({ resolution: resolutionMs });
    this.resolutionMs = resolutionMs;
    this.#histogram.enable();
  }

  /** Begins anew. */
  reset(): void {
    this.#histogram.reset();
  }

  disable(): void {
    this.#histogram.disable();
  }

  /** The histogram counts the interval as well, which is no delay. */
  delays(): Omit<LoopWindow, 'utilisation'> {
    const histogram = this.#histogram;
    const seconds = (ns: number): number => Math.max(0, ns / NS_PER_SECOND - this.resolutionMs / MS_PER_SECOND);
    if (histogram.count === 0) return { p50: 0, p99: 0, max: 0 };
    return {
      p50: seconds(histogram.percentile(50)),
      p99: seconds(histogram.percentile(99)),
      max: seconds(histogram.max),
    };
  }
}
