import { coreError, isRoundhouseError, reportUncaught, type Scope } from '@roundhouse/core';
import type { ProbeResult } from '@roundhouse/traffic';
import type { ProbeRole, ProbeSpec, ProbesSpec } from '../spec/spec.ts';
import type { ProbeStatuses, ProbeVerdict, WorkerCheck } from './contract.ts';
import { firstCheckMs, firstPeriodMs } from './pace.ts';
import { count, type Tally, UNTRIED } from './tally.ts';

export interface ProbeWatchOptions {
  /** For messages: `web/0`. */
  readonly name: string;
  readonly probes: ProbesSpec;
  /** Of the run, wall clock, ms. */
  readonly startedAt: number;
}

export interface ProbeWatchDependencies {
  readonly check: WorkerCheck;
  /** 0 … 1, drawn anew at each call. */
  readonly random: () => number;
  readonly onVerdict: (verdict: ProbeVerdict) => void;
}

/** ms that a check has after its time-out to tell how far it came. */
const LAST_WORD_MS = 250;

/** The probes of one run, from its start until its scope ends; their fields mean what they mean in Kubernetes. */
export interface ProbeWatch {
  /** How they stand; null for a role without a probe. */
  readonly statuses: ProbeStatuses;
}

/**
 * Watches one run: the startup probe alone until it passes, then readiness and liveness, each role by itself and never
 * with two checks at once. Liveness and startup go on after they have failed, and tell it each time anew.
 */
export function watchProbes(options: ProbeWatchOptions, deps: ProbeWatchDependencies, scope: Scope): ProbeWatch {
  return new RunWatch(options, deps, scope);
}

class RunWatch implements ProbeWatch {
  readonly #options: ProbeWatchOptions;
  readonly #deps: ProbeWatchDependencies;
  readonly #scope: Scope;
  readonly #tallies: Record<ProbeRole, Tally>;
  /** Age of the run when the watch began, ms. */
  readonly #ageMs: number;
  readonly #beganAt: number;

  constructor(options: ProbeWatchOptions, deps: ProbeWatchDependencies, scope: Scope) {
    this.#options = options;
    this.#deps = deps;
    this.#scope = scope;
    this.#tallies = { startup: UNTRIED, readiness: UNTRIED, liveness: UNTRIED };
    this.#ageMs = Math.max(0, scope.clock.now() - options.startedAt);
    this.#beganAt = scope.clock.monotonic();
    this.#watch().catch((error: unknown) => {
      if (!scope.signal.aborted) reportUncaught(error);
    });
  }

  get statuses(): ProbeStatuses {
    const { startup, readiness, liveness } = this.#options.probes;
    return {
      startup: startup === undefined ? null : this.#tallies.startup.status,
      readiness: readiness === undefined ? null : this.#tallies.readiness.status,
      liveness: liveness === undefined ? null : this.#tallies.liveness.status,
    };
  }

  async #watch(): Promise<void> {
    await this.#keepChecking('startup');
    await Promise.all([this.#keepChecking('readiness'), this.#keepChecking('liveness')]);
  }

  /** Checks at its pace: for ever, startup until it has passed. */
  async #keepChecking(role: ProbeRole): Promise<void> {
    const probe = this.#options.probes[role];
    if (probe === undefined) return;
    const { clock } = this.#scope;
    const { random } = this.#deps;
    const { periodMs } = probe;
    const age = this.#ageMs + clock.monotonic() - this.#beganAt;
    let due = clock.monotonic() + firstCheckMs(role, probe, age, this.#ageMs, random);
    let waitMs = firstPeriodMs(role, periodMs, random());
    const checks = new Checks(`The ${role} probe of ${this.#options.name}`, role, probe, this.#deps.check, this.#scope);
    for (;;) {
      await this.#scope.sleep(due - clock.monotonic());
      this.#take(role, probe, await checks.next());
      if (role === 'startup' && this.#tallies.startup.status.status === 'success') return;
      // What a long check has missed is left out.
      due += waitMs + periodMs * Math.max(0, Math.ceil((clock.monotonic() - due - waitMs) / periodMs));
      waitMs = periodMs;
    }
  }

  #take(role: ProbeRole, probe: ProbeSpec, result: ProbeResult): void {
    const { tally, isTold } = count(this.#tallies[role], result, role, probe, this.#scope.clock.now());
    this.#tallies[role] = tally;
    if (isTold) this.#deps.onVerdict({ role, isPassing: tally.status.status === 'success', status: tally.status });
  }
}

/** The checks of one role, one at a time. */
class Checks {
  readonly #what: string;
  readonly #role: ProbeRole;
  readonly #probe: ProbeSpec;
  readonly #check: WorkerCheck;
  readonly #scope: Scope;
  #isUnderWay = false;

  constructor(what: string, role: ProbeRole, probe: ProbeSpec, check: WorkerCheck, scope: Scope) {
    this.#what = what;
    this.#role = role;
    this.#probe = probe;
    this.#check = check;
    this.#scope = scope;
  }

  /** Checks once. One that outlives its time has failed, and so has the next while it goes on. Rejects with the scope. */
  async next(): Promise<ProbeResult> {
    const { timeoutMs } = this.#probe;
    const startedAt = this.#scope.clock.monotonic();
    const failed = (error: unknown): ProbeResult => {
      const { code, message } = isRoundhouseError(error) ? error : { code: 'INTERNAL', message: String(error) };
      const elapsedMs = this.#scope.clock.monotonic() - startedAt;
      return { outcome: 'failed', elapsedMs, steps: [], error: { code, message } };
    };
    const details = { what: this.#what, timeout_ms: timeoutMs };
    if (this.#isUnderWay) return failed(coreError('DEADLINE_EXCEEDED', { details }));
    using patience = this.#scope.child({ what: this.#what, timeoutMs: timeoutMs + LAST_WORD_MS });
    using own = patience.child({ what: this.#what, timeoutMs });
    this.#isUnderWay = true;
    const checking = this.#run(own).finally(() => {
      this.#isUnderWay = false;
    });
    try {
      return await patience.race(checking);
    } catch (error) {
      this.#scope.throwIfEnded();
      return failed(error);
    }
  }

  /** Turns what a check throws at once into a rejection. */
  async #run(scope: Scope): Promise<ProbeResult> {
    return this.#check.check(this.#probe.action, this.#role, scope);
  }
}
