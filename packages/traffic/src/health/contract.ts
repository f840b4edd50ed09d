import type { EventSource } from '@roundhouse/core';
import type { ProbeResult, ProbeStep } from '../probe.ts';

/** `unknown` until the first probe or the first traffic: one lease at a time tries it out, more where nothing is healthy. */
export type HealthStatus = 'unknown' | 'healthy' | 'degraded' | 'unhealthy';

/** What live traffic says of an endpoint. */
export type TrafficSignal =
  /** It did what it should; `responseMs` where a response time was measured. */
  | { readonly kind: 'success'; readonly responseMs?: number }
  /** It failed in a way that counts against it; `code` of a catalogue. */
  | { readonly kind: 'failure'; readonly code: string };

export interface HealthEvents {
  readonly changed: { readonly from: HealthStatus; readonly to: HealthStatus; readonly reason: string };
}

export interface HistoryEntry {
  /** Wall clock, ms since 1970. */
  readonly at: number;
  readonly status: HealthStatus;
  /** What was seen: a probe's result, or why the status changed without one. */
  readonly outcome: ProbeResult['outcome'] | 'ejected' | 'returned';
  readonly elapsedMs: number | null;
  readonly code: string | null;
}

export interface HealthView {
  readonly status: HealthStatus;
  /** Wall clock of the last probe or decisive signal; null before the first. */
  readonly checkedAt: number | null;
  /** Of the last probe, in the order tried. */
  readonly steps: readonly ProbeStep[];
  /** Newest last, bounded. */
  readonly history: readonly HistoryEntry[];
}

/** The health of one endpoint: fed by its probe and by live traffic, watched by its group. */
export interface EndpointHealth extends EventSource<HealthEvents> {
  readonly status: HealthStatus;
  /** Share of its weight that it may have now, above 0 up to 1: grows after a recovery. */
  readonly ramp: number;
  /** Peak-EWMA of response times in ms; NaN before the first. */
  readonly responseMs: number;
  report(signal: TrafficSignal): void;
  view(): HealthView;
  /** Begins to probe, if it has a probe. */
  start(): void;
  /** Ends probing; nothing is emitted afterwards. Idempotent. */
  stop(): void;
}
