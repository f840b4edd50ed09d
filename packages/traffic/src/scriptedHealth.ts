import { Emitter, type Unsubscribe } from '@roundhouse/core';
import type {
  EndpointHealth,
  HealthEvents,
  HealthStatus,
  HealthView,
  HistoryEntry,
  TrafficSignal,
} from './health/contract.ts';

/** A health that a test sets by hand. */
export class ScriptedHealth implements EndpointHealth {
  status: HealthStatus;
  ramp = 1;
  responseMs = Number.NaN;
  readonly signals: TrafficSignal[] = [];
  phase: 'new' | 'started' | 'stopped' = 'new';
  readonly #emitter = new Emitter<HealthEvents>();
  readonly #history: HistoryEntry[] = [];

  constructor(status: HealthStatus = 'healthy') {
    this.status = status;
  }

  on<K extends keyof HealthEvents>(name: K, listener: (fact: HealthEvents[K]) => void): Unsubscribe {
    return this.#emitter.on(name, listener);
  }

  /** `outcome`: what the history says of it. */
  become(to: HealthStatus, outcome: HistoryEntry['outcome'] = to === 'unhealthy' ? 'failed' : 'ok'): void {
    const from = this.status;
    this.status = to;
    this.#history.push({ at: 0, status: to, outcome, elapsedMs: null, code: null });
    this.#emitter.emit('changed', { from, to, reason: 'scripted' });
  }

  report(signal: TrafficSignal): void {
    this.signals.push(signal);
    if (signal.kind === 'success' && signal.responseMs !== undefined) this.responseMs = signal.responseMs;
  }

  view(): HealthView {
    return { status: this.status, checkedAt: null, steps: [], history: this.#history };
  }

  start(): void {
    this.phase = 'started';
  }

  stop(): void {
    this.phase = 'stopped';
    this.#emitter.clear();
  }
}
