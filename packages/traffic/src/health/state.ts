import { assertNever } from '@roundhouse/core';
import type { ProbeResult } from '../probe.ts';
import type { HealthEvents, HealthStatus, TrafficSignal } from './contract.ts';
import type { ResolvedHealthOptions } from './options.ts';

/** What the status of an endpoint may change upon. */
export type HealthSignal =
  | {
      readonly kind: 'probe';
      readonly outcome: ProbeResult['outcome'];
      readonly elapsedMs: number;
      readonly code: string | null;
    }
  | TrafficSignal
  /** An endpoint without a probe has waited: if it is unhealthy, traffic may try it. */
  | { readonly kind: 'retry' };

export type HealthEffect =
  | ({ readonly kind: 'changed' } & HealthEvents['changed'])
  /** Traffic raised a suspicion: the next probe is wanted within `fastIntervalMs`. */
  | { readonly kind: 'hasten' };

/**
 * What one source says, probes or traffic. They are kept apart: a good probe does not outweigh traffic that fails (an
 * endpoint that answers and then rejects every logon), nor the other way round.
 */
interface Evidence {
  /** In a row. */
  readonly failures: number;
  /** It answers, but not as it should. */
  readonly isPoor: boolean;
  /** Observations in a row that contradict `isPoor`. */
  readonly contrary: number;
}

/** Times are monotonic. */
export interface HealthState {
  readonly status: HealthStatus;
  readonly probe: Evidence;
  readonly traffic: Evidence;
  /** When traffic last spoke against it. */
  readonly trafficAt: number;
  /** Good signs in a row since it fell. */
  readonly rises: number;
  /** Attempts since it fell, 0 otherwise; `unknown` with attempts is on trial: traffic decides. */
  readonly attempts: number;
  /** When it fell or came back, oldest first, bounded. */
  readonly swings: readonly number[];
  /** When it last came back; null if it never fell. */
  readonly returnedAt: number | null;
}

interface HealthStep {
  readonly state: HealthState;
  readonly effects: readonly HealthEffect[];
}

const NO_EVIDENCE: Evidence = { failures: 0, isPoor: false, contrary: 0 };

export const INITIAL_HEALTH: HealthState = {
  status: 'unknown',
  probe: NO_EVIDENCE,
  traffic: NO_EVIDENCE,
  trafficAt: -Infinity,
  rises: 0,
  attempts: 0,
  swings: [],
  returnedAt: null,
};

/** Share of its weight that an endpoint begins with when it is back. */
const LEAST_RAMP = 0.1;

/**
 * The state under another probe, or none: the endpoint stands where it stood, but the signs in a row that the old one
 * saw, and the wait that its failures had led to, say nothing of what the new one will see.
 */
export function underOtherProbe(state: HealthState, hasProbe: boolean): HealthState {
  // Without a probe nothing would ever contradict its last word.
  const isPoor = hasProbe && state.probe.isPoor;
  const attempts = isOnTrial(state) && !hasProbe ? state.attempts : 0;
  return { ...state, probe: { ...NO_EVIDENCE, isPoor }, rises: 0, attempts };
}

/** What follows from a signal; `now` is monotonic. */
export function reduceHealth(
  before: HealthState,
  signal: HealthSignal,
  options: ResolvedHealthOptions,
  now: number,
): HealthStep {
  const state = forgetTraffic(before, options, now);
  switch (signal.kind) {
    case 'probe':
      return signal.outcome === 'failed'
        ? probeFailed(state, signal.code, options, now)
        : probeAnswered(
            state,
            signal.outcome === 'degraded' || signal.elapsedMs > options.degradedAboveMs,
            options,
            now,
          );
    case 'success':
      return trafficSucceeded(state, signal.responseMs, options, now);
    case 'failure':
      return trafficFailed(state, signal.code, options, now);
    case 'retry':
      return tryAgain(state);
    default:
      return assertNever(signal);
  }
}

/** Share of its weight that the endpoint may have now, 0.1 … 1: linear over `slowStartMs` after it came back. */
export function rampOf(state: HealthState, options: ResolvedHealthOptions, now: number): number {
  if (state.status === 'unhealthy' || isOnTrial(state)) return LEAST_RAMP;
  if (state.returnedAt === null || now - state.returnedAt >= options.slowStartMs) return 1;
  return LEAST_RAMP + ((1 - LEAST_RAMP) * (now - state.returnedAt)) / options.slowStartMs;
}

/** Falls and returns beyond those that are free, within the window. */
export function excessSwings(state: HealthState, { flap }: ResolvedHealthOptions, now: number): number {
  const recent = state.swings.filter((at) => at > now - flap.windowMs).length;
  return Math.max(0, recent - flap.changes);
}

/** Good signs in a row that bring the endpoint back if it is unhealthy. */
function risesNeeded(state: HealthState, options: ResolvedHealthOptions, now: number): number {
  return Math.min(options.rise * 2 ** excessSwings(state, options, now), options.flap.maxRise);
}

/** Whether the next signals may change the status. */
export function isInTransition({ status, probe, traffic, rises }: HealthState): boolean {
  if (status === 'unhealthy') return rises > 0;
  const counts = probe.failures + probe.contrary + traffic.failures + traffic.contrary;
  return status === 'unknown' || counts > 0;
}

function isOnTrial({ status, attempts }: HealthState): boolean {
  return status === 'unknown' && attempts > 0;
}

function probeFailed(state: HealthState, code: string | null, options: ResolvedHealthOptions, now: number): HealthStep {
  if (state.status === 'unhealthy') return still({ ...state, rises: 0, attempts: state.attempts + 1 });
  const failures = state.probe.failures + 1;
  const next = { ...state, probe: { ...state.probe, failures } };
  const why = code === null ? '' : `: ${code}`;
  // The first probe decides both ways, as in HAProxy (`init-state up`): nothing is known that it could be weighed against.
  if (state.status === 'unknown') return fall(next, `the first probe failed${why}`, options, now);
  const total = failures + state.traffic.failures;
  return total < options.fall
    ? still(next)
    : fall(next, `${times(total, 'failure')}, last of a probe${why}`, options, now);
}

function probeAnswered(state: HealthState, isPoor: boolean, options: ResolvedHealthOptions, now: number): HealthStep {
  const settled: Evidence = { failures: 0, isPoor, contrary: 0 };
  if (state.status === 'unknown') return settle({ ...state, probe: settled }, 'the first probe was answered');
  if (state.status === 'unhealthy') {
    const rises = state.rises + 1;
    const next = { ...state, probe: settled, rises };
    if (rises < risesNeeded(state, options, now)) return still(next);
    return comeBack(next, times(rises, 'good probe'), options, now);
  }
  const probe = weigh({ ...state.probe, failures: 0 }, isPoor, options);
  return settle({ ...state, probe }, reasonOf('probes', probe));
}

function trafficSucceeded(
  state: HealthState,
  responseMs: number | undefined,
  options: ResolvedHealthOptions,
  now: number,
): HealthStep {
  // Those who are in may be well served while nobody else gets in: the probe or a trial decides.
  if (state.status === 'unhealthy') return still(state);
  const isPoor = responseMs !== undefined && responseMs > options.degradedAboveMs;
  const cleared = { ...state.traffic, failures: 0 };
  const traffic = responseMs === undefined ? cleared : weigh(cleared, isPoor, options);
  const next = { ...state, traffic, trafficAt: isPoor ? now : state.trafficAt };
  if (!isOnTrial(state)) {
    return settle(next, state.status === 'unknown' ? 'traffic succeeded' : reasonOf('traffic', traffic));
  }
  const rises = state.rises + 1;
  if (rises < risesNeeded(state, options, now)) return still({ ...next, rises });
  return comeBack(next, `${times(rises, 'good answer')} on trial`, options, now);
}

function trafficFailed(state: HealthState, code: string, options: ResolvedHealthOptions, now: number): HealthStep {
  const failureClass = options.passive.codes.get(code) ?? 'counts';
  if (failureClass === 'ignored' || state.status === 'unhealthy') return still(state);
  const failures = state.traffic.failures + 1;
  const next = { ...state, traffic: { ...state.traffic, failures }, trafficAt: now, rises: 0 };
  const total = failures + state.probe.failures;
  const isEnough = isOnTrial(state) || failureClass === 'decisive' || total >= options.fall;
  const { state: after, effects } = isEnough
    ? fall(next, `${times(total, 'failure')}, last of traffic: ${code}`, options, now)
    : still(next);
  return { state: after, effects: [...effects, { kind: 'hasten' }] };
}

function tryAgain(state: HealthState): HealthStep {
  // Nobody may choose a degraded endpoint to find out that it is quick again: see forgetTraffic.
  if (state.status === 'degraded') return settle(state, 'traffic: no slow answers for a while');
  if (state.status !== 'unhealthy') return still(state);
  return move({ ...state, rises: 0, attempts: state.attempts + 1 }, 'unknown', 'it may be tried again');
}

/** What traffic said long ago says nothing about now. */
function forgetTraffic(state: HealthState, { passive }: ResolvedHealthOptions, now: number): HealthState {
  return now - state.trafficAt >= passive.windowMs && state.traffic !== NO_EVIDENCE
    ? { ...state, traffic: NO_EVIDENCE }
    : state;
}

function weigh(evidence: Evidence, isPoor: boolean, { rise, fall: fallAt }: ResolvedHealthOptions): Evidence {
  if (isPoor === evidence.isPoor) return { ...evidence, contrary: 0 };
  const contrary = evidence.contrary + 1;
  return contrary < (isPoor ? fallAt : rise) ? { ...evidence, contrary } : { ...evidence, isPoor, contrary: 0 };
}

function reasonOf(source: 'probes' | 'traffic', { isPoor }: Evidence): string {
  return isPoor ? `${source}: poor or slow answers` : `${source}: good answers again`;
}

function times(count: number, sign: 'failure' | 'good probe' | 'good answer'): string {
  return count === 1 ? `1 ${sign}` : `${count} ${sign}s in a row`;
}

function fall(state: HealthState, reason: string, options: ResolvedHealthOptions, now: number): HealthStep {
  const isFailedTrial = isOnTrial(state);
  const fallen: HealthState = {
    ...state,
    probe: NO_EVIDENCE,
    traffic: NO_EVIDENCE,
    rises: 0,
    // A trial that fails is the same outage.
    swings: isFailedTrial ? state.swings : swung(state, options, now),
  };
  return move(fallen, 'unhealthy', reason);
}

function comeBack(state: HealthState, reason: string, options: ResolvedHealthOptions, now: number): HealthStep {
  return settle({ ...state, rises: 0, attempts: 0, swings: swung(state, options, now), returnedAt: now }, reason);
}

/** The swings with this one: no more of them than can make a difference. */
function swung({ swings }: HealthState, { flap }: ResolvedHealthOptions, now: number): readonly number[] {
  return [...swings.filter((at) => at > now - flap.windowMs), now].slice(-(flap.changes + flap.maxRise));
}

/** Healthy or degraded, as the evidence is. */
function settle(state: HealthState, reason: string): HealthStep {
  return move(state, state.probe.isPoor || state.traffic.isPoor ? 'degraded' : 'healthy', reason);
}

function move(state: HealthState, to: HealthStatus, reason: string): HealthStep {
  if (state.status === to) return still(state);
  return { state: { ...state, status: to }, effects: [{ kind: 'changed', from: state.status, to, reason }] };
}

function still(state: HealthState): HealthStep {
  return { state, effects: [] };
}
