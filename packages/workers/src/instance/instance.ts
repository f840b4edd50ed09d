import {
  type Clock,
  coreError,
  Emitter,
  isRoundhouseError,
  type Logger,
  type RoundhouseError,
  type Scope,
  type Unsubscribe,
} from '@roundhouse/core';
import { workerError } from '../errors.ts';
import type { Exit, Found, Keeper, Launch, Run } from '../process/contract.ts';
import { digestOf } from '../spec/change.ts';
import type { HookSpec, WorkerSpec } from '../spec/spec.ts';
import { type InstanceId, nameOf } from './id.ts';
import { type Effect, type Ending, type InstanceEvent, type RestartVerdict, step } from './machine.ts';
import type { InstanceRecord } from './record.ts';
import { type IdleReason, type InstanceState, reasonOf, runOf, SHOWN_STATES, type StopCause } from './state.ts';

/** A policy of restarts, with a memory of its own that is kept in the record. */
export interface RestartPolicy<H> {
  decide(
    history: H | undefined,
    ending: Ending & { readonly upMs: number },
    now: number,
  ): { readonly history: H; readonly verdict: RestartVerdict };
  /** It has become ready. */
  recovered(history: H | undefined, now: number): H | undefined;
}

export interface InstanceDependencies<H> {
  readonly clock: Clock;
  readonly log: Logger;
  readonly keeper: Keeper;
  readonly policy: RestartPolicy<H>;
  readonly write: (record: InstanceRecord<H>) => Promise<void>;
  /** All that the program is started with. */
  readonly prepare: (spec: WorkerSpec, scope: Scope) => Promise<Launch>;
  /** Probes and limits of a run, until the scope ends. */
  readonly watch: (run: Run, tell: (event: InstanceEvent) => void, scope: Scope) => void;
  readonly runHook: (hook: HookSpec, scope: Scope) => Promise<void>;
  /** Resolves once all that it depends on holds. */
  readonly dependencies: (scope: Scope) => Promise<void>;
  /** Whether the kernel has killed the run for want of memory. */
  readonly wasOutOfMemory: () => Promise<boolean>;
  readonly scope: Scope;
}

export interface InstanceEvents {
  moved: { readonly from: InstanceState; readonly to: InstanceState };
  ended: { readonly exit: Exit; readonly reason: string };
}

/** How often the end of the last processes of a tree is looked for, ms. */
const STRAGGLER_MS = 50;
/** Bound of what is made before a start, ms. */
const ANTICIPATE_MS = 2_000;
/** Bound of a kill, ms. */
const KILL_MS = 10_000;

/**
 * One instance of a worker: carries out what its machine says, and keeps its record. Commands may come at any time;
 * the latest is what counts.
 */
export class Instance<H> {
  readonly id: InstanceId;
  readonly #deps: InstanceDependencies<H>;
  readonly #events = new Emitter<InstanceEvents>();
  readonly #leave: Unsubscribe;
  #spec: WorkerSpec;
  #record: InstanceRecord<H>;
  #state: InstanceState;
  #since: number;
  /** Ends with the state. */
  #stateScope: Scope;
  /** Ends with the watch of the run. */
  #watchScope: Scope | undefined;
  /** Whether the next start is the first since somebody asked for it. */
  #isFirstStart = true;
  /** Whether the latest generation was asked for, but may not have been started. */
  #isGenerationOpen: boolean;
  /** Why the latest start came to nothing. */
  #fault: RoundhouseError | undefined;
  #command = 0;
  /** Starts that were begun, those that came to nothing included. */
  #attempts = 0;

  constructor(
    id: InstanceId,
    spec: WorkerSpec,
    record: InstanceRecord<H>,
    found: Found | undefined,
    deps: InstanceDependencies<H>,
  ) {
    this.id = id;
    this.#spec = spec;
    this.#record = record;
    this.#deps = deps;
    this.#state = record.rest ?? {
      kind: 'idle',
      reason: record.desired === 'stopped' ? 'by_request' : 'never_started',
    };
    this.#since = deps.clock.now();
    this.#stateScope = deps.scope.child();
    this.#isGenerationOpen =
      record.generation > 0 && found?.run === undefined && found?.exit?.generation !== record.generation;
    this.#leave = deps.keeper.on('exited', (exit) => void this.#onExited(exit));
  }

  get state(): InstanceState {
    return this.#state;
  }

  get spec(): WorkerSpec {
    return this.#spec;
  }

  /** Why its last start failed, in words. */
  get trouble(): string | undefined {
    return this.#fault?.message;
  }

  /** Wall clock, ms: since when it is in its state. */
  get since(): number {
    return this.#since;
  }

  get record(): InstanceRecord<H> {
    return this.#record;
  }

  on<K extends keyof InstanceEvents>(name: K, listener: (fact: InstanceEvents[K]) => void): Unsubscribe {
    return this.#events.on(name, listener);
  }

  /** Goes on with what an earlier master has left: what runs is taken over, an end that nobody saw is counted now. */
  adopt({ run, exit }: Found): void {
    this.#isFirstStart = false;
    const isUnwanted = this.#record.desired === 'stopped';
    if (run !== undefined) {
      this.#enter({ kind: 'launching', held: undefined });
      this.send({ kind: 'launched', run });
      if (isUnwanted) this.send({ kind: 'stop', cause: 'by_request', reason: 'by_request' });
    } else if (exit !== undefined && exit.generation !== this.#record.lastExit?.generation) {
      const held = { cause: 'by_request', after: { kind: 'idle', reason: 'by_request' } } as const;
      this.#enter({ kind: 'launching', held: isUnwanted ? held : undefined });
      void this.#onExited(exit);
    }
  }

  /**
   * Begins where it was left: waits on, or starts what was to run. `startsAnew`: whether one that was stopped by request
   * is started as well.
   */
  resume(startsAnew: boolean): void {
    const state = this.#state;
    if (state.kind === 'waiting') {
      this.#enter(state);
      const left = state.until - this.#deps.clock.now();
      // The wall clock may have been set since: no wait is longer than it would be from its beginning.
      this.#carryOut({ kind: 'wait', ms: Math.max(0, Math.min(left, longestWait(this.#spec.restart))) });
    } else if (state.kind === 'idle' && this.#isToRun(state.reason, startsAnew)) {
      this.send({ kind: 'start', force: false });
    }
  }

  /** Makes the place of its first start, if it is going to run. Never rejects: what fails here, fails again in the start. */
  async anticipate(): Promise<void> {
    const { keeper, scope } = this.#deps;
    if (this.#state.kind !== 'idle' || !this.#isToRun(this.#state.reason, false)) return;
    using bounded = scope.child({ what: 'Making its place', timeoutMs: ANTICIPATE_MS });
    await keeper.prepare(hasSockets(this.#spec), bounded).catch(() => {});
  }

  #isToRun(reason: IdleReason, startsAnew: boolean): boolean {
    const { program, isEnabled, schedule } = this.#spec;
    if (program === undefined) return false;
    switch (reason) {
      case 'by_request':
        return this.#record.desired === 'running' || startsAnew;
      case 'shutdown':
        return true;
      case 'never_started':
        return (isEnabled && schedule === undefined) || this.#record.desired === 'running';
      default:
        return false;
    }
  }

  /** Wants it to run, and waits until it is ready. Raises WORKER_NO_COMMAND, WORKER_FAILED, WORKER_SUPERSEDED. */
  async start(options: { readonly force?: boolean }, scope: Scope): Promise<void> {
    this.#mustHaveProgram();
    this.#want('running');
    const ready = this.#reach(isUp, this.#state.kind === 'ready', scope);
    this.send({ kind: 'start', force: options.force ?? false });
    await ready;
  }

  /**
   * Takes it down, and waits until all of it is gone; after a shutdown it is still wanted. Raises WORKER_KILL_FAILED,
   * WORKER_SUPERSEDED.
   */
  async stop(cause: 'by_request' | 'dependency' | 'shutdown', scope: Scope): Promise<void> {
    if (cause === 'shutdown') this.#command++;
    else this.#want('stopped');
    const gone = this.#reach(isDown, this.#state.kind === 'idle', scope);
    this.send({ kind: 'stop', cause, reason: cause });
    await gone;
  }

  /** Takes it down and up again, and waits until it is ready. Raises what `start` does. */
  async restart(cause: StopCause, scope: Scope): Promise<void> {
    this.#mustHaveProgram();
    // What follows another worker has been asked for by nobody.
    if (cause === 'dependency') this.#command++;
    else this.#want('running');
    const before = this.#attempts;
    // What fails is no longer on its way up, even if it has begun before.
    const isUpAgain = (state: InstanceState): Reached =>
      this.#attempts > before || isUp(state) === 'no' ? isUp(state) : 'pending';
    const ready = this.#reach(isUpAgain, false, scope);
    this.send({ kind: 'restart', cause });
    await ready;
  }

  /** Another specification from the next start on. */
  reconfigure(spec: WorkerSpec): void {
    this.#spec = spec;
  }

  /** Probes and limits of its present specification, for what runs. */
  watchAgain(): void {
    if (this.#watchScope !== undefined) this.#watch();
  }

  /** Counts that its limits are raised; gives how often they have been. */
  adjust(): number {
    const adjustments = this.#record.adjustments + 1;
    this.#keep({ adjustments });
    return adjustments;
  }

  /** What happens to it. */
  send(event: InstanceEvent): void {
    const { clock } = this.#deps;
    const next = step(this.#state, event, {
      spec: this.#spec,
      now: clock.now(),
      monotonic: clock.monotonic(),
      decide: (ending) => this.#decide(ending),
    });
    if (next === undefined) return;
    this.#enter(next.state);
    for (const effect of next.effects) this.#carryOut(effect);
  }

  /** Lets go of it: what runs goes on. Idempotent. */
  close(): void {
    this.#leave();
    this.#stateScope.end();
    this.#watchScope?.end();
    this.#events.clear();
  }

  #mustHaveProgram(): void {
    if (this.#spec.program === undefined)
      throw workerError('WORKER_NO_COMMAND', { details: { worker: this.id.worker } });
  }

  #want(desired: 'running' | 'stopped'): void {
    this.#command++;
    if (desired === 'running') this.#isFirstStart = true;
    this.#keep({ desired, adjustments: 0, ...(desired === 'running' && { history: undefined }) });
  }

  #keep(changes: Partial<InstanceRecord<H>>): void {
    this.#record = { ...this.#record, ...changes };
    this.#deps.write(this.#record).catch((error: unknown) => this.#troubled('its record could not be written', error));
  }

  #enter(to: InstanceState): void {
    const from = this.#state;
    this.#stateScope.end();
    this.#stateScope = this.#deps.scope.child();
    this.#state = to;
    this.#since = this.#deps.clock.now();
    if (to.kind === 'ready') {
      const history = this.#deps.policy.recovered(this.#record.history, this.#since);
      if (history !== this.#record.history) this.#keep({ history });
    }
    if (to.kind === 'idle' || to.kind === 'waiting' || to.kind === 'failed') this.#keep({ rest: to });
    this.#events.emit('moved', { from, to });
  }

  #decide(ending: Ending): RestartVerdict {
    const { clock, policy } = this.#deps;
    const now = clock.now();
    // Nobody may have seen the run itself.
    const startedAt = runOf(this.#state)?.startedAt ?? this.#record.launchedAt;
    const endedAt = ending.kind === 'exited' ? ending.exit.at : startedAt;
    const upMs = Math.max(0, endedAt - startedAt);
    const { history, verdict } = policy.decide(this.#record.history, { ...ending, upMs }, now);
    this.#keep({ history });
    return verdict;
  }

  #carryOut(effect: Effect): void {
    const scope = this.#stateScope;
    const timeUp = (): void => {
      if (scope === this.#stateScope) this.send({ kind: 'timeUp' });
    };
    switch (effect.kind) {
      case 'awaitDependencies':
        this.#whenDone(this.#deps.dependencies(scope), scope, () => this.send({ kind: 'unblocked' }));
        break;
      case 'launch':
        void this.#launch();
        break;
      case 'watch':
        this.#watch();
        break;
      case 'unwatch':
        this.#watchScope?.end();
        this.#watchScope = undefined;
        break;
      case 'wait':
        this.#whenDone(scope.sleep(effect.ms), scope, timeUp);
        break;
      case 'preStop':
        this.#whenDone(this.#preStop(scope), scope, timeUp);
        break;
      case 'signal':
        void this.#deps.keeper.signal(this.#spec.stop.signal, this.#spec.stop.isWholeGroup ? 'group' : 'leader');
        break;
      default:
        void this.#kill();
    }
  }

  #whenDone(work: Promise<void>, scope: Scope, then: () => void): void {
    work.then(
      () => scope === this.#stateScope && then(),
      () => {},
    );
  }

  async #preStop(scope: Scope): Promise<void> {
    const { preStop } = this.#spec.stop;
    if (preStop === undefined) return;
    using bounded = scope.child({ what: 'The pre-stop hook', timeoutMs: preStop.timeoutMs });
    await this.#deps.runHook(preStop, bounded).catch((error: unknown) => {
      scope.throwIfEnded();
      this.#troubled('the pre-stop hook failed', error);
    });
  }

  /** Runs to its end whatever is asked meanwhile: a start is never left half done. */
  async #launch(): Promise<void> {
    const { prepare, keeper, scope, write } = this.#deps;
    this.#attempts++;
    // It may become another one meanwhile.
    const spec = this.#spec;
    // Processes are made while files are written. What fails there, fails again in the start.
    const place = keeper.prepare(hasSockets(spec), scope).catch(() => {});
    try {
      // Of the attempt: one that fails is no reason to begin anew at once.
      this.#record = { ...this.#record, specDigest: digestOf(spec) };
      const launch = await prepare(spec, scope);
      const generation = this.#isGenerationOpen ? this.#record.generation : this.#record.generation + 1;
      const isRestart = !this.#isFirstStart && !this.#isGenerationOpen;
      this.#record = {
        ...this.#record,
        generation,
        launchedAt: this.#deps.clock.now(),
        rest: undefined,
        restarts: this.#isFirstStart ? 0 : this.#record.restarts + (isRestart ? 1 : 0),
      };
      this.#isFirstStart = false;
      await Promise.all([write(this.#record), place]);
      const run = await keeper.start(generation, launch, scope);
      this.#isGenerationOpen = false;
      this.#fault = undefined;
      this.send({ kind: 'launched', run });
    } catch (error) {
      await place;
      this.#isGenerationOpen = false;
      if (isRoundhouseError(error) && error.code === 'CANCELLED') return;
      this.#troubled('the worker could not be started', error);
      this.#fault = faultOf(error);
      const { code, retryable } = this.#fault;
      this.send({ kind: 'launchFailed', code, isRetryable: retryable });
    }
  }

  #watch(): void {
    const run = runOf(this.#state);
    if (run === undefined) return;
    this.#watchScope?.end();
    const scope = this.#deps.scope.child();
    this.#watchScope = scope;
    const tell = (event: InstanceEvent): void => {
      if (scope === this.#watchScope) this.send(event);
    };
    this.#deps.watch(run, tell, scope);
  }

  async #kill(): Promise<void> {
    const { keeper, scope } = this.#deps;
    using bounded = scope.child({ what: 'The kill', timeoutMs: KILL_MS });
    try {
      await keeper.kill(bounded);
    } catch (error) {
      if (scope.signal.aborted) return;
      this.#troubled('its processes outlive SIGKILL', error);
      this.send({ kind: 'killFailed', reason: 'kill_failed' });
    }
  }

  /** Its leader has ended: it has ended when nothing of its tree is left. */
  async #onExited(exit: Exit): Promise<void> {
    const { keeper, scope, wasOutOfMemory } = this.#deps;
    try {
      while (this.#state.kind === 'stopping' && this.#state.phase !== 'kill' && (await keeper.hasStragglers())) {
        await scope.sleep(STRAGGLER_MS);
      }
      if (await keeper.hasStragglers()) await this.#kill();
      const isOutOfMemory = exit.signal === 'SIGKILL' && (await wasOutOfMemory());
      this.#note(exit, isOutOfMemory ? 'out_of_memory' : this.#reasonOf(exit));
    } catch (error) {
      if (scope.signal.aborted) return;
      this.#troubled('its end could not be looked into', error);
      this.#note(exit, this.#reasonOf(exit));
    }
    this.send({ kind: 'exited', exit });
  }

  #reasonOf(exit: Exit): string {
    if (this.#state.kind === 'stopping') return this.#state.cause;
    if (!exit.isKnown) return 'unknown';
    return exit.signal === null ? 'exited' : 'signalled';
  }

  #note(exit: Exit, reason: string): void {
    this.#keep({ lastExit: { ...exit, reason } });
    this.#events.emit('ended', { exit, reason });
  }

  /** Waits for a state; ends with the scope, or when something else is asked for. */
  #reach(test: (state: InstanceState) => Reached, isThere: boolean, scope: Scope): Promise<void> {
    if (isThere) return Promise.resolve();
    const command = this.#command;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = this.#events.on('moved', () => {
      const reached = this.#command === command ? test(this.#state) : 'superseded';
      if (reached === 'yes') resolve();
      else if (reached !== 'pending') reject(reached === 'superseded' ? this.#superseded() : this.#failed());
    });
    const leaveScope = scope.onEnd(reject);
    // What is removed or let go of meanwhile is waited for no longer.
    const leaveOwn = this.#deps.scope.onEnd(() => reject(this.#superseded()));
    return promise.finally(() => {
      leave();
      leaveScope();
      leaveOwn();
    });
  }

  #superseded(): Error {
    return workerError('WORKER_SUPERSEDED', { details: { worker: nameOf(this.id) } });
  }

  #failed(): Error {
    const { lastExit } = this.#record;
    const state = SHOWN_STATES[this.#state.kind];
    const cause = reasonOf(this.#state) === 'start_failed' ? this.#fault : undefined;
    const reason = cause === undefined ? reasonOf(this.#state) : whyOf(cause);
    const details = { worker: this.id.worker, instance: this.id.number, state, reason, last_exit: lastExit ?? null };
    // The next step is that of what has kept it from starting.
    return workerError('WORKER_FAILED', { details, cause, ...(cause !== undefined && { hint: cause.hint }) });
  }

  #troubled(what: string, error: unknown): void {
    const { code, message } = isRoundhouseError(error) ? error : { code: 'INTERNAL', message: String(error) };
    this.#deps.log.warn(what, { worker: nameOf(this.id), code, reason: message });
  }
}

/** What has no code of ours is a reason as well, and the only one there is. */
function faultOf(error: unknown): RoundhouseError {
  if (isRoundhouseError(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return coreError('INTERNAL', { details: { reason }, cause: error });
}

/** Without saying once more that it could not be started. */
function whyOf({ code, message, details }: RoundhouseError): string {
  return code === 'WORKER_START_FAILED' && typeof details['reason'] === 'string' ? details['reason'] : message;
}

function hasSockets({ program }: WorkerSpec): boolean {
  return (program?.sockets.length ?? 0) > 0;
}

/** The longest that the policy ever waits, ms. */
function longestWait({ backoff, contextAware }: WorkerSpec['restart']): number {
  const delays = Object.values(contextAware?.budgets ?? {}).map(({ retryDelayMs }) => retryDelayMs);
  return Math.max(backoff.maxMs, contextAware?.halfOpenAfterMs ?? 0, ...delays);
}

type Reached = 'yes' | 'no' | 'pending';

function isUp(state: InstanceState): Reached {
  switch (state.kind) {
    case 'ready':
      return 'yes';
    case 'idle':
      return state.reason === 'completed' ? 'yes' : 'pending';
    case 'waiting':
    case 'failed':
    case 'unknown':
      return 'no';
    default:
      return 'pending';
  }
}

function isDown(state: InstanceState): Reached {
  if (state.kind === 'unknown') return 'no';
  return state.kind === 'idle' ? 'yes' : 'pending';
}
