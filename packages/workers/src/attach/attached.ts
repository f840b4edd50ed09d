import { isDeepStrictEqual } from 'node:util';
import type { Clock, Logger, Scope } from '@roundhouse/core';
import { workerError } from '../errors.ts';
import { type InstanceId, nameOf } from '../instance/id.ts';
import { type IdleReason, type InstanceState, reasonOf, runOf, SHOWN_STATES } from '../instance/state.ts';
import type { Enforcement, Limiter } from '../limits/contract.ts';
import type { ProbeVerdict } from '../probe/contract.ts';
import type { Exit, ProcessIdentity, Run } from '../process/contract.ts';
import { type Processes, sendSignal } from '../process/processes.ts';
import type { AttachSpec, Signal, WorkerSpec } from '../spec/spec.ts';
import type { ExecuteResult, InstanceStatus, InstanceUsage, Move } from '../supervisor/contract.ts';
import type { ManagedDependencies, ProbeWatching } from '../supervisor/managed.ts';
import { Moves } from '../supervisor/moves.ts';
import { mustHandleReload } from '../supervisor/reloadSignal.ts';
import type { Member } from '../supervisor/member.ts';
import type { Locator } from './locator.ts';
import { type Missing, missingText } from './missing.ts';

export interface AttachedDependencies extends Pick<ManagedDependencies, 'watchProbes' | 'tell' | 'onMoved'> {
  readonly clock: Clock;
  readonly log: Logger;
  readonly processes: Processes;
  readonly locator: Locator;
  readonly limiter: Limiter;
  readonly scope: Scope;
}

/** How often the end of a process that was told to stop is looked for, ms. */
const STOPPING_MS = 50;
/** What is left of a process after SIGKILL is looked for so long, ms. */
const KILL_MS = 10_000;

/** A process that somebody else starts: it is found, watched, and stopped where that is allowed. */
export class AttachedMember implements Member {
  readonly id: InstanceId;
  readonly isStale = false;
  readonly #deps: AttachedDependencies;
  readonly #scope: Scope;
  readonly #moves = new Moves();
  #spec: WorkerSpec;
  #attach: AttachSpec;
  #state: InstanceState = { kind: 'idle', reason: 'not_found' };
  #since: number;
  #detail: Missing = 'not_found';
  #lastExit: (Exit & { reason: string }) | undefined;
  #lives = 0;
  #preparing: Promise<Enforcement> | undefined;
  #enforcement: Enforcement | undefined;
  #probes: ProbeWatching | undefined;
  /** Ends with what is watched. */
  #watch: Scope | undefined;
  #isLooking = false;
  /** The stop that is going on; it goes on when whoever asked for it does not wait any longer. */
  #ending: Promise<void> | undefined;

  static async open(id: InstanceId, spec: WorkerSpec, deps: AttachedDependencies): Promise<AttachedMember> {
    const member = new AttachedMember(id, spec, deps);
    await member.#look();
    return member;
  }

  private constructor(id: InstanceId, spec: WorkerSpec, deps: AttachedDependencies) {
    this.id = id;
    this.#deps = deps;
    this.#spec = spec;
    this.#attach = attachOf(spec);
    this.#scope = deps.scope.child();
    this.#since = deps.clock.now();
  }

  get state(): InstanceState {
    return this.#state;
  }

  get moves(): readonly Move[] {
    return this.#moves.all;
  }

  status(): InstanceStatus {
    const run = runOf(this.#state);
    const isMissing = this.#state.kind === 'idle' && this.#state.reason === 'not_found';
    return {
      id: this.id,
      state: SHOWN_STATES[this.#state.kind],
      reason: isMissing ? this.#detail : reasonOf(this.#state),
      since: this.#since,
      trouble: isMissing ? missingText(this.#detail, this.#attach.by) : undefined,
      process: run?.process,
      startedAt: run?.startedAt,
      restarts: 0,
      lastExit: this.#lastExit,
      nextStartAt: undefined,
      blockedBy: [],
      probes: this.#probes?.statuses ?? { startup: null, readiness: null, liveness: null },
      limits: [],
      sample: run && this.#enforcement?.latest,
      metrics: [],
    };
  }

  async usage(sinceMs?: number): Promise<InstanceUsage> {
    const isUp = runOf(this.#state) !== undefined;
    const now = isUp ? await this.#enforcement?.sampleNow() : undefined;
    return { id: this.id, limits: [], now, history: this.#enforcement?.history(sinceMs) ?? [] };
  }

  resume(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const looking = async (): Promise<never> => {
      for (;;) {
        await this.#scope.sleep(this.#attach.checkIntervalMs);
        await this.#look().catch((error: unknown) => this.#troubled(error));
      }
    };
    // The end of the scope ends it.
    looking().catch(() => {});
  }

  runOnce(): void {}

  async start(): Promise<void> {
    if (runOf(this.#state) === undefined) throw this.#notOurs('started');
  }

  async stop(cause: 'by_request' | 'dependency' | 'shutdown', scope: Scope): Promise<void> {
    const run = runOf(this.#state);
    // Whoever has started it is asked by nobody when Roundhouse goes.
    if (run === undefined || cause === 'shutdown') return;
    if (!this.#attach.canStop) {
      if (cause === 'by_request') throw this.#notOurs('stopped');
      return;
    }
    this.#ending ??= this.#end(run, cause).finally(() => {
      this.#ending = undefined;
    });
    await scope.race(this.#ending);
  }

  async restart(): Promise<void> {
    throw this.#notOurs('restarted');
  }

  async reload(): Promise<void> {
    const { reloadSignal } = this.#spec;
    const run = runOf(this.#state);
    if (run !== undefined && this.#attach.allowedSignals.includes(reloadSignal)) {
      mustHandleReload(nameOf(this.id), reloadSignal, this.#deps.processes.responseTo(run.process.pid, reloadSignal));
    }
    await this.signal(reloadSignal);
  }

  async signal(signal: Signal): Promise<void> {
    if (!this.#attach.allowedSignals.includes(signal)) throw this.#notOurs(`sent SIG${signal}`);
    const run = runOf(this.#state);
    if (run === undefined || !this.#send(run.process, signal, `sent SIG${signal}`)) {
      throw workerError('WORKER_NOT_RUNNING', { details: { worker: nameOf(this.id) } });
    }
  }

  async execute(): Promise<ExecuteResult> {
    throw this.#notOurs('used to run commands');
  }

  async reconfigure(spec: WorkerSpec): Promise<void> {
    const before = this.#attach;
    this.#spec = spec;
    this.#attach = attachOf(spec);
    await this.#enforcement?.change({}, spec.monitoring);
    if (!isDeepStrictEqual(before.by, this.#attach.by)) this.#lose('not_found');
    else if (this.#watch !== undefined) await this.#observe();
    await this.#look();
  }

  /** What somebody else has started goes on: it is only forgotten. */
  async retire(): Promise<void> {
    await this.close();
  }

  async close(): Promise<void> {
    this.#scope.end();
    await this.#enforcement?.release();
    await this.#enforcement?.[Symbol.asyncDispose]();
  }

  async #look(): Promise<void> {
    if (this.#ending !== undefined) return;
    const { by } = this.#attach;
    const before = runOf(this.#state);
    const isAlive = before !== undefined && this.#deps.processes.isAlive(before.process);
    if (before !== undefined && !isAlive) this.#ended(before, 'unknown');
    // A file that names another process has the last word. Anything else is found once, and kept to.
    if (isAlive && by.kind !== 'pid_file') return;
    const location = await this.#deps.locator.locate(by);
    const hasMovedOn = this.#ending !== undefined || runOf(this.#state) !== (isAlive ? before : undefined);
    if (this.#scope.signal.aborted || hasMovedOn || by !== this.#attach.by) return;
    if (location.process === undefined) {
      if (!isAlive) this.#detail = location.reason;
    } else if (!isAlive) await this.#found(location.process);
    else if (!isDeepStrictEqual(location.process, before.process)) {
      this.#lose('not_found');
      await this.#found(location.process);
    }
  }

  async #found(process: ProcessIdentity): Promise<void> {
    const run = { generation: ++this.#lives, process, startedAt: this.#deps.processes.startedAt(process) };
    const { startup, readiness } = this.#spec.probes;
    this.#enter(
      startup !== undefined
        ? { kind: 'probing', run }
        : readiness !== undefined
          ? { kind: 'running', run, reason: 'readiness_pending' }
          : { kind: 'ready', run },
    );
    this.#deps.tell('adopted', { process });
    await this.#observe();
  }

  /** Probes and samples of what was found. */
  async #observe(): Promise<void> {
    const run = runOf(this.#state);
    if (run === undefined) return;
    this.#watch?.end();
    const watch = this.#scope.child();
    this.#watch = watch;
    const { limiter, watchProbes, processes } = this.#deps;
    this.#probes = watchProbes(
      { id: this.id, spec: this.#spec, run },
      () => this.execute(),
      (verdict) => this.#onVerdict(verdict),
      watch,
    );
    const { sustainedViolationMs = 0, spikeToleranceMs = 0 } = this.#spec.restart.contextAware ?? {};
    this.#preparing ??= limiter.prepare(this.id, {}, this.#spec.monitoring, {
      pids: async () => {
        const present = runOf(this.#state)?.process;
        return present !== undefined && processes.isAlive(present) ? [present.pid] : [];
      },
      temporaryDirectory: undefined,
      logBytes: async () => 0,
      sustainedViolationMs,
      spikeToleranceMs,
    });
    this.#enforcement = await this.#preparing;
    if (!watch.signal.aborted) this.#enforcement.watch(run, watch);
  }

  #onVerdict(verdict: ProbeVerdict): void {
    this.#deps.tell('probed', { verdict });
    const state = this.#state;
    if (state.kind !== 'probing' && state.kind !== 'running' && state.kind !== 'ready') return;
    const { run } = state;
    const { role, isPassing } = verdict;
    const hasReadiness = this.#spec.probes.readiness !== undefined;
    if (role === 'startup' && isPassing && state.kind === 'probing') {
      this.#enter(hasReadiness ? { kind: 'running', run, reason: 'readiness_pending' } : { kind: 'ready', run });
    } else if (role === 'readiness' && state.kind !== 'probing') {
      if (isPassing && state.kind !== 'ready') this.#enter({ kind: 'ready', run });
      if (!isPassing && state.kind === 'ready') this.#enter({ kind: 'running', run, reason: 'readiness_failed' });
    }
  }

  async #end(run: Run, cause: 'by_request' | 'dependency'): Promise<void> {
    const { clock, processes } = this.#deps;
    const { graceMs, signal } = this.#spec.stop;
    const after = { kind: 'idle', reason: cause } as const;
    const graceEnds = clock.monotonic() + graceMs;
    this.#send(run.process, signal, 'stopped');
    this.#watch?.end();
    this.#enter({ kind: 'stopping', run, phase: 'signal', cause, after, graceEnds });
    let hasKilled = false;
    while (processes.isAlive(run.process)) {
      const now = clock.monotonic();
      if (!hasKilled && now >= graceEnds) {
        this.#enter({ kind: 'stopping', run, phase: 'kill', cause, after, graceEnds });
        this.#send(run.process, 'KILL', 'stopped');
        hasKilled = true;
      }
      if (now >= graceEnds + KILL_MS) {
        this.#enter({ kind: 'unknown', run, reason: 'kill_failed', after: undefined });
        throw workerError('WORKER_KILL_FAILED', { details: { worker: this.id.worker, pids: [run.process.pid] } });
      }
      await this.#scope.sleep(STOPPING_MS);
    }
    if (runOf(this.#state) === run) this.#ended(run, cause, cause);
  }

  #ended(run: Run, reason: string, idle: IdleReason = 'not_found'): void {
    const exit = { generation: run.generation, code: null, signal: null, isKnown: false, at: this.#deps.clock.now() };
    this.#lastExit = { ...exit, reason };
    this.#deps.tell('exited', { exit, reason });
    this.#lose(idle);
  }

  #lose(reason: IdleReason): void {
    this.#watch?.end();
    this.#watch = undefined;
    this.#probes = undefined;
    this.#detail = 'not_found';
    this.#enter({ kind: 'idle', reason });
  }

  #enter(to: InstanceState): void {
    const { clock, tell, onMoved } = this.#deps;
    const from = this.#state;
    this.#state = to;
    this.#since = clock.now();
    const move = this.#moves.add(from, to, this.#since);
    if (move !== undefined) tell('moved', { ...move, pid: runOf(to)?.process.pid, restarts: 0 });
    onMoved(from, to);
  }

  /** Never by a number alone. False when it is gone; raises WORKER_NOT_OURS where the kernel does not let us. */
  #send(process: ProcessIdentity, signal: Signal, action: string): boolean {
    const { processes } = this.#deps;
    if (!processes.isAlive(process)) return false;
    const isSent = sendSignal(process.pid, `SIG${signal}`);
    if (!isSent && processes.isAlive(process)) throw this.#notOurs(action);
    return isSent;
  }

  #troubled(error: unknown): void {
    if (this.#scope.signal.aborted) return;
    this.#deps.log.warn('the worker could not be looked for', { worker: nameOf(this.id), reason: String(error) });
  }

  #notOurs(action: string): Error {
    return workerError('WORKER_NOT_OURS', { details: { worker: this.id.worker, action } });
  }
}

function attachOf({ attach }: WorkerSpec): AttachSpec {
  if (attach === undefined) throw new Error('an unmanaged worker without a way to find it');
  return attach;
}
