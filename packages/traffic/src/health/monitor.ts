import { type Clock, Emitter, type Scope, type Timer, type Unsubscribe } from '@roundhouse/core';
import type { Random } from '@roundhouse/resilience';
import type { Endpoint } from '../endpoint.ts';
import type { Probe, ProbeResult, ProbeStep } from '../probe.ts';
import type {
  EndpointHealth,
  HealthEvents,
  HealthStatus,
  HealthView,
  HistoryEntry,
  TrafficSignal,
} from './contract.ts';
import { failedProbe } from './failedProbe.ts';
import type { ResolvedHealthOptions } from './options.ts';
import { nextCheckMs } from './pace.ts';
import { PeakEwma } from './peakEwma.ts';
import { beginProbing, type Probing, stillProbing } from './probing.ts';
import {
  type HealthEffect,
  type HealthSignal,
  INITIAL_HEALTH,
  rampOf,
  reduceHealth,
  underOtherProbe,
} from './state.ts';

export interface HealthDependencies {
  readonly clock: Clock;
  readonly random: Random;
  /** Its end stops the health. */
  readonly scope: Scope;
}

/** A health that watches an endpoint in another way when it is told to. */
export interface HealthMonitor<Target> extends EndpointHealth {
  /**
   * Takes another probe, or none, and other options. Status, history and response times stay: nothing is emitted. A
   * check under way is ended and counts for nothing; the new probe is tried soon. Nothing once it is stopped.
   */
  configure(probe: Probe<Target> | undefined, options: ResolvedHealthOptions): void;
}

/** How the history calls a status that traffic brought about; `unknown` is an endpoint that may be tried again. */
const OUTCOME_OF: Readonly<Record<HealthStatus, HistoryEntry['outcome']>> = {
  unknown: 'returned',
  healthy: 'ok',
  degraded: 'degraded',
  unhealthy: 'ejected',
};

/** The health of an endpoint; without a probe, traffic alone decides. */
export function createHealth<Target>(
  endpoint: Endpoint<Target>,
  probe: Probe<Target> | undefined,
  options: ResolvedHealthOptions,
  dependencies: HealthDependencies,
): HealthMonitor<Target> {
  return new MonitoredHealth(endpoint, probe, options, dependencies);
}

class MonitoredHealth<Target> implements HealthMonitor<Target> {
  readonly #endpoint: Endpoint<Target>;
  #probe: Probe<Target> | undefined;
  #options: ResolvedHealthOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #scope: Scope;
  readonly #emitter = new Emitter<HealthEvents>();
  readonly #response: PeakEwma;
  readonly #history: HistoryEntry[] = [];
  #state = INITIAL_HEALTH;
  #checkedAt: number | null = null;
  #steps: readonly ProbeStep[] = [];
  #phase: 'new' | 'started' | 'stopped' = 'new';
  #leaveScope: (() => void) | undefined;
  #timer: Timer | undefined;
  #dueAt = Infinity;
  /** The last check; there are never two at once. */
  #probing: Probing | undefined;

  constructor(
    endpoint: Endpoint<Target>,
    probe: Probe<Target> | undefined,
    options: ResolvedHealthOptions,
    { clock, random, scope }: HealthDependencies,
  ) {
    this.#endpoint = endpoint;
    this.#probe = probe;
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
    this.#scope = scope;
    this.#response = new PeakEwma(options.responseDecayMs);
  }

  get status(): HealthStatus {
    return this.#state.status;
  }

  get ramp(): number {
    return rampOf(this.#state, this.#options, this.#clock.monotonic());
  }

  get responseMs(): number {
    return this.#response.valueAt(this.#clock.monotonic());
  }

  on<K extends keyof HealthEvents>(name: K, listener: (fact: HealthEvents[K]) => void): Unsubscribe {
    return this.#emitter.on(name, listener);
  }

  view(): HealthView {
    return { status: this.status, checkedAt: this.#checkedAt, steps: this.#steps, history: [...this.#history] };
  }

  start(): void {
    if (this.#phase !== 'new') return;
    this.#phase = 'started';
    this.#leaveScope = this.#scope.onEnd(() => this.stop());
    if (!this.#isStopped()) this.#begin();
  }

  configure(probe: Probe<Target> | undefined, options: ResolvedHealthOptions): void {
    if (this.#isStopped()) return;
    this.#probe = probe;
    this.#options = options;
    this.#state = underOtherProbe(this.#state, probe !== undefined);
    this.#response.configure(options.responseDecayMs, this.#clock.monotonic());
    this.#probing?.end();
    this.#probing = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#phase === 'started') this.#begin();
  }

  stop(): void {
    if (this.#isStopped()) return;
    this.#phase = 'stopped';
    this.#timer?.cancel();
    this.#probing?.end();
    this.#leaveScope?.();
    this.#emitter.clear();
  }

  report(signal: TrafficSignal): void {
    if (this.#isStopped()) return;
    const responseMs = signal.kind === 'success' ? (signal.responseMs ?? null) : null;
    if (responseMs !== null) this.#response.observe(responseMs, this.#clock.monotonic());
    this.#take(signal, responseMs, signal.kind === 'failure' ? signal.code : null);
  }

  #begin(): void {
    // Anywhere within the interval: endpoints that begin together are not probed together.
    if (this.#probe !== undefined) this.#checkIn(this.#options.fastIntervalMs * this.#random());
    else this.#planRetry(false);
  }

  #isStopped(): boolean {
    return this.#phase === 'stopped';
  }

  /** A signal that came by itself: kept in the history if it changed the status. */
  #take(signal: HealthSignal, elapsedMs: number | null, code: string | null): void {
    const before = this.status;
    const effects = this.#reduce(signal);
    if (this.status !== before) this.#record(OUTCOME_OF[this.status], elapsedMs, code);
    if (this.#probe === undefined) this.#planRetry(this.status !== before);
    this.#carryOut(effects);
  }

  #takeResult({ outcome, elapsedMs, error, steps }: ProbeResult): void {
    this.#steps = steps;
    const code = error?.code ?? null;
    const effects = this.#reduce({ kind: 'probe', outcome, elapsedMs, code });
    this.#record(outcome, elapsedMs, code);
    this.#carryOut(effects);
    this.#checkIn(this.#nextCheckMs());
  }

  #reduce(signal: HealthSignal): readonly HealthEffect[] {
    const { state, effects } = reduceHealth(this.#state, signal, this.#options, this.#clock.monotonic());
    this.#state = state;
    return effects;
  }

  #record(outcome: HistoryEntry['outcome'], elapsedMs: number | null, code: string | null): void {
    const at = this.#clock.now();
    this.#checkedAt = at;
    this.#history.push({ at, status: this.status, outcome, elapsedMs, code });
    while (this.#history.length > this.#options.historySize) this.#history.shift();
  }

  #carryOut(effects: readonly HealthEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'hasten') this.#hasten();
      else this.#emitter.emit('changed', { from: effect.from, to: effect.to, reason: effect.reason });
    }
  }

  #hasten(): void {
    if (this.#timer === undefined || this.#probe === undefined) return;
    const delayMs = this.#nextCheckMs();
    if (this.#clock.monotonic() + delayMs < this.#dueAt) this.#checkIn(delayMs);
  }

  /** Where there is no probe, an endpoint that is not healthy is tried again after a while. */
  #planRetry(hasChanged: boolean): void {
    if (hasChanged) {
      this.#timer?.cancel();
      this.#timer = undefined;
    }
    const isWanted = this.status === 'unhealthy' || this.status === 'degraded';
    if (isWanted && this.#timer === undefined && this.#phase === 'started') this.#checkIn(this.#nextCheckMs());
  }

  #nextCheckMs(): number {
    return nextCheckMs(this.#state, this.#options, this.#clock.monotonic(), this.#random());
  }

  #checkIn(delayMs: number): void {
    // A listener of what led here may have stopped it.
    if (this.#isStopped()) return;
    this.#timer?.cancel();
    this.#dueAt = this.#clock.monotonic() + delayMs;
    this.#timer = this.#clock.setTimer(delayMs, () => {
      this.#timer = undefined;
      if (this.#probe === undefined) this.#take({ kind: 'retry' }, null, null);
      else this.#check(this.#probe);
    });
  }

  #check(probe: Probe<Target>): void {
    const { timeoutMs } = this.#options;
    // One that outlives its scope is not joined by a second.
    if (this.#probing?.isOver === false) {
      this.#takeResult(failedProbe(stillProbing(probe, this.#endpoint, timeoutMs), timeoutMs));
      return;
    }
    const probing = beginProbing(probe, this.#endpoint, this.#scope, timeoutMs);
    this.#probing = probing;
    void probing.result.then((result) => {
      // Another probe may have taken its place.
      if (!this.#isStopped() && this.#probing === probing) this.#takeResult(result);
    });
  }
}
