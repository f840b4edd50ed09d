import { chown, mkdir } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Clock, Logger, Scope } from '@roundhouse/core';
import type { WorkerContract } from '../contract/contract.ts';
import { type ContractWatch, watchContract } from '../contract/watch.ts';
import { workerError } from '../errors.ts';
import { runHook } from '../hook/hook.ts';
import { type InstanceId, nameOf } from '../instance/id.ts';
import { Instance, type RestartPolicy } from '../instance/instance.ts';
import type { InstanceEvent } from '../instance/machine.ts';
import type { InstanceRecord, Records } from '../instance/record.ts';
import { type InstanceState, reasonOf, runOf, SHOWN_STATES } from '../instance/state.ts';
import { refuseForeignUser } from '../launch/foreignUser.ts';
import {
  hasPlace,
  type InstancePlaces,
  isNotifying,
  type LaunchDependencies,
  placesOf,
  prepareLaunch,
} from '../launch/launch.ts';
import type { Enforcement, Limiter, Violation } from '../limits/contract.ts';
import type { Logs } from '../logs/contract.ts';
import { forwardLines } from '../logs/forward.ts';
import type { ProbeStatuses, ProbeVerdict } from '../probe/contract.ts';
import type { NotifySockets } from '../probe/notifySockets.ts';
import type { Found, Keeper, Launch, ProcessHost, Run } from '../process/contract.ts';
import type { RestartHistory } from '../restart/history.ts';
import { digestOf } from '../spec/change.ts';
import type { Signal, WorkerSpec } from '../spec/spec.ts';
import type { ExecuteResult, InstanceStatus, InstanceUsage, Move } from './contract.ts';
import type { Member, Tell } from './member.ts';
import { Moves } from './moves.ts';
import { mustHandleReload } from './reloadSignal.ts';
import { actionOn, MAX_ADJUSTMENTS, raised } from './policy.ts';

/** What watches the probes of a run. */
export interface ProbeWatching {
  readonly statuses: ProbeStatuses;
}

export interface ManagedDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  readonly host: ProcessHost;
  readonly limiter: Limiter;
  readonly logs: Logs;
  readonly records: Pick<Records<RestartHistory>, 'read' | 'write' | 'settled'>;
  /** Where directories of workers are. */
  readonly dataDirectory: string;
  readonly bootId: string;
  /** Of an integrated worker. */
  readonly contract: WorkerContract | undefined;
  readonly notices: Pick<NotifySockets, 'open' | 'drop'>;
  readonly launch: LaunchDependencies;
  readonly policy: (specOf: () => WorkerSpec) => RestartPolicy<RestartHistory>;
  readonly watchProbes: (
    member: { readonly id: InstanceId; readonly spec: WorkerSpec; readonly run: Run },
    execute: (command: readonly [string, ...string[]], scope: Scope) => Promise<ExecuteResult>,
    onVerdict: (verdict: ProbeVerdict) => void,
    scope: Scope,
  ) => ProbeWatching;
  /** Resolves once all that its worker depends on holds. */
  readonly dependencies: (scope: Scope) => Promise<void>;
  readonly blockers: () => readonly string[];
  readonly tell: Tell;
  readonly onMoved: (from: InstanceState, to: InstanceState) => void;
  readonly scope: Scope;
}

const NO_PROBES: ProbeStatuses = { startup: null, readiness: null, liveness: null };

/** An instance of a worker that is started here. */
export class ManagedMember implements Member {
  readonly id: InstanceId;
  readonly #deps: ManagedDependencies;
  readonly #keeper: Keeper;
  readonly #instance: Instance<RestartHistory>;
  readonly #moves = new Moves();
  readonly #scope: Scope;
  /** Wall clock, ms. */
  readonly #openedAt: number;
  #enforcement: Enforcement | undefined;
  #preparing: Promise<Enforcement> | undefined;
  #probes: ProbeWatching | undefined;
  /** What the probe said that had it taken down last, until it is well. */
  #probeTrouble: string | undefined;
  /** By an integrated worker, of itself. */
  #told: ContractWatch | undefined;
  #configuredLogs: WorkerSpec['logs'] | undefined;
  #configuring: Promise<void> = Promise.resolve();
  /** How often the limits are raised that are in force. */
  #adjustments = 0;
  /** Whether what runs has limits that could not be changed in place. */
  #hasStaleLimits = false;
  #isRetiring = false;
  #anticipated: Promise<void> | undefined;

  /** Reads what is kept of it, and takes over what was found. */
  static async open(
    id: InstanceId,
    spec: WorkerSpec,
    found: Found | undefined,
    deps: ManagedDependencies,
  ): Promise<ManagedMember> {
    const record = await deps.records.read(id);
    const member = new ManagedMember(id, spec, record, found, deps);
    const isUnseen = found?.exit !== undefined && found.exit.generation !== record.lastExit?.generation;
    if (found?.run !== undefined || isUnseen) await member.#makeReady(spec);
    if (found !== undefined) member.#instance.adopt(found);
    else member.#anticipated = member.#instance.anticipate();
    if (found?.run !== undefined) deps.tell('adopted', { process: found.run.process });
    return member;
  }

  private constructor(
    id: InstanceId,
    spec: WorkerSpec,
    record: InstanceRecord<RestartHistory>,
    found: Found | undefined,
    deps: ManagedDependencies,
  ) {
    this.id = id;
    this.#deps = deps;
    this.#scope = deps.scope.child();
    this.#openedAt = deps.clock.now();
    this.#keeper = deps.host.keeper(id);
    this.#instance = new Instance(id, spec, record, found, {
      clock: deps.clock,
      log: deps.log,
      keeper: this.#keeper,
      policy: deps.policy(() => this.#instance.spec),
      write: (next) => deps.records.write(id, { ...next, bootId: deps.bootId }),
      prepare: (present, scope) => this.#prepareStart(present, scope),
      watch: (run, tell, scope) => this.#watch(run, tell, scope),
      runHook: (hook, scope) => runHook(hook, { execute: (command, within) => this.execute(command, within) }, scope),
      dependencies: deps.dependencies,
      wasOutOfMemory: async () => (await this.#enforcement?.wasOutOfMemory()) ?? false,
      scope: this.#scope,
    });
    this.#instance.on('moved', ({ from, to }) => this.#onMoved(from, to));
    this.#instance.on('ended', (fact) => deps.tell('exited', fact));
  }

  get state(): InstanceState {
    return this.#instance.state;
  }

  get moves(): readonly Move[] {
    return this.#moves.all;
  }

  status(): InstanceStatus {
    const { state, record, since } = this.#instance;
    const run = runOf(state);
    return {
      id: this.id,
      state: SHOWN_STATES[state.kind],
      reason: reasonOf(state),
      since,
      trouble: this.#instance.trouble ?? this.#probeTrouble,
      process: run?.process,
      startedAt: run?.startedAt,
      restarts: record.restarts,
      lastExit: record.lastExit,
      nextStartAt: state.kind === 'waiting' ? state.until : undefined,
      blockedBy: state.kind === 'blocked' ? this.#deps.blockers() : [],
      probes: this.#probes?.statuses ?? NO_PROBES,
      limits: this.#enforcement?.statuses ?? [],
      sample: run === undefined ? undefined : this.#enforcement?.latest,
      metrics: this.#told?.metrics ?? [],
    };
  }

  async usage(sinceMs?: number): Promise<InstanceUsage> {
    const isUp = runOf(this.state) !== undefined;
    return {
      id: this.id,
      limits: this.#enforcement?.statuses ?? [],
      now: isUp ? await this.#enforcement?.sampleNow() : undefined,
      history: this.#enforcement?.history(sinceMs) ?? [],
    };
  }

  resume(): void {
    if (this.#isRetiring) return;
    const { spec, record } = this.#instance;
    const isOtherBoot = record.bootId !== undefined && record.bootId !== this.#deps.bootId;
    this.#instance.resume(isOtherBoot && spec.restart.policy === 'always');
  }

  runOnce(): void {
    if (!this.#isRetiring) this.#instance.send({ kind: 'start', force: false });
  }

  async start(options: { readonly force?: boolean | undefined }, scope: Scope): Promise<void> {
    this.#mustBeWanted();
    await this.#instance.start({ force: options.force ?? false }, scope);
  }

  async stop(cause: 'by_request' | 'dependency' | 'shutdown', scope: Scope): Promise<void> {
    await this.#instance.stop(cause, scope);
  }

  async restart(cause: 'restart_requested' | 'spec_changed' | 'dependency', scope: Scope): Promise<void> {
    this.#mustBeWanted();
    await this.#instance.restart(cause, scope);
  }

  async reload(scope: Scope): Promise<void> {
    const { contract } = this.#deps;
    if (contract !== undefined) {
      if (runOf(this.state) === undefined) throw this.#notRunning();
      const { isReloaded, reason } = await contract.reload(scope);
      if (!isReloaded) throw workerError('WORKER_RELOAD_REFUSED', { details: { worker: nameOf(this.id), reason } });
      return;
    }
    const { reloadSignal } = this.#instance.spec;
    mustHandleReload(nameOf(this.id), reloadSignal, this.#keeper.responseTo(reloadSignal));
    await this.signal(reloadSignal);
  }

  async signal(signal: Signal): Promise<void> {
    if (runOf(this.state) === undefined || !(await this.#keeper.signal(signal, 'leader'))) {
      throw this.#notRunning();
    }
  }

  async execute(command: readonly [string, ...string[]], scope: Scope): Promise<ExecuteResult> {
    const launch = await this.#prepare(this.#instance.spec, scope);
    return this.#deps.host.execute({ ...launch, command }, scope);
  }

  get isStale(): boolean {
    const { state, record, spec } = this.#instance;
    const isUp = runOf(state) !== undefined && state.kind !== 'stopping';
    if (!isUp && state.kind !== 'waiting' && state.kind !== 'failed') return false;
    return record.specDigest !== digestOf(spec) || (isUp && this.#hasStaleLimits);
  }

  async reconfigure(spec: WorkerSpec): Promise<void> {
    const before = this.#instance.spec;
    this.#instance.reconfigure(spec);
    if (this.#enforcement !== undefined && (before.limits !== spec.limits || before.monitoring !== spec.monitoring)) {
      this.#adjustments = this.#instance.record.adjustments;
      const limits = raised(spec.limits, this.#adjustments);
      this.#hasStaleLimits = (await this.#enforcement.change(limits, spec.monitoring)).length > 0;
    }
    await this.#configureLogs(spec);
    this.#instance.watchAgain();
  }

  async retire(scope: Scope): Promise<void> {
    this.#isRetiring = true;
    await this.#instance.stop('by_request', scope);
    this.#instance.close();
    await this.#deps.records.settled(this.id);
    await this.#keeper.retire(scope);
    await this.#deps.logs.release(this.id);
    if (isNotifying(this.#instance.spec)) this.#deps.notices.drop(this.id, this.#places.notifySocket);
    await this.#keeper[Symbol.asyncDispose]();
    await this.#enforcement?.release();
    await this.close();
  }

  async close(): Promise<void> {
    this.#instance.close();
    // A shim that nobody waits for any more would be left.
    await this.#anticipated;
    this.#scope.end();
    await this.#enforcement?.[Symbol.asyncDispose]();
  }

  get #places(): InstancePlaces {
    return placesOf(this.#deps.dataDirectory, this.id);
  }

  /** It is on its way out: nothing brings it back. */
  #mustBeWanted(): void {
    if (this.#isRetiring) throw workerError('WORKER_SUPERSEDED', { details: { worker: nameOf(this.id) } });
  }

  #notRunning(): Error {
    return workerError('WORKER_NOT_RUNNING', { details: { worker: nameOf(this.id) } });
  }

  #onMoved(from: InstanceState, to: InstanceState): void {
    if (to.kind === 'launching') this.#hasStaleLimits = false;
    if (to.kind === 'ready' || to.kind === 'idle') this.#probeTrouble = undefined;
    const { tell, clock, onMoved } = this.#deps;
    const move = this.#moves.add(from, to, clock.now());
    const { restarts } = this.#instance.record;
    if (move !== undefined) tell('moved', { ...move, pid: runOf(to)?.process.pid, restarts });
    onMoved(from, to);
    const isDraining = from.kind === 'stopping' && from.phase === 'drain';
    if (to.kind === 'stopping' && to.phase === 'drain' && !isDraining) this.#drain();
  }

  /** Has an integrated worker finish what it has; it need not wait any longer than that takes. */
  #drain(): void {
    const { contract } = this.#deps;
    if (contract === undefined) return;
    const timeoutMs = this.#instance.spec.stop.drainMs;
    const drained = async (): Promise<void> => {
      using bounded = this.#scope.child({ what: 'The drain', timeoutMs });
      await contract.drain(bounded);
      if (this.state.kind === 'stopping' && this.state.phase === 'drain') this.#instance.send({ kind: 'timeUp' });
    };
    this.#carryOut('the drain', drained());
  }

  async #prepareStart(spec: WorkerSpec, scope: Scope): Promise<Launch> {
    const launch = await this.#prepare(spec, scope);
    if (isNotifying(spec)) await this.#deps.notices.open(this.id, this.#places.notifySocket, scope);
    return launch;
  }

  async #prepare(spec: WorkerSpec, scope: Scope): Promise<Launch> {
    const enforcement = await this.#makeReady(spec);
    const places = this.#places;
    const launch = await prepareLaunch(this.id, spec, enforcement, places, this.#deps.launch, scope);
    refuseForeignUser(this.id.worker, launch.user);
    if (hasPlace(spec, 'data')) await makePlace(places.data, launch);
    if (hasPlace(spec, 'temporary')) await makePlace(places.temporary, launch);
    return launch;
  }

  /** Limits and logs, before anything runs. */
  async #makeReady(spec: WorkerSpec): Promise<Enforcement> {
    await this.#configureLogs(spec);
    this.#preparing ??= this.#prepareLimits(spec);
    try {
      this.#enforcement = await this.#preparing;
    } catch (error) {
      this.#preparing = undefined;
      throw error;
    }
    await this.#readjust(this.#enforcement);
    return this.#enforcement;
  }

  /** Whoever asks for a start begins with the limits as they are written. */
  async #readjust(enforcement: Enforcement): Promise<void> {
    const { spec, record } = this.#instance;
    if (this.#adjustments === record.adjustments) return;
    this.#adjustments = record.adjustments;
    await enforcement.change(raised(spec.limits, record.adjustments), spec.monitoring);
  }

  #prepareLimits(spec: WorkerSpec): Promise<Enforcement> {
    const { limiter, logs } = this.#deps;
    this.#adjustments = this.#instance.record.adjustments;
    const { data, temporary } = this.#places;
    const { contextAware } = spec.restart;
    return limiter.prepare(this.id, raised(spec.limits, this.#adjustments), spec.monitoring, {
      pids: () => this.#keeper.pids(),
      temporaryDirectory: temporary,
      workingDirectory: spec.program?.workingDirectory ?? data,
      logBytes: () => logs.size(this.id),
      sustainedViolationMs: contextAware?.sustainedViolationMs ?? 0,
      spikeToleranceMs: contextAware?.spikeToleranceMs ?? 0,
    });
  }

  /** A start and a change may come together: one after the other, the latest counts. */
  #configureLogs({ logs }: WorkerSpec): Promise<void> {
    const configured = this.#configuring.then(async () => {
      if (isDeepStrictEqual(this.#configuredLogs, logs)) return;
      await this.#deps.logs.configure(this.id, logs);
      this.#configuredLogs = logs;
    });
    this.#configuring = configured.catch(() => {});
    return configured;
  }

  #watch(run: Run, send: (event: InstanceEvent) => void, scope: Scope): void {
    const { tell, watchProbes, logs, log } = this.#deps;
    const { spec } = this.#instance;
    this.#probes = watchProbes(
      { id: this.id, spec, run },
      (command, within) => this.execute(command, within),
      (verdict) => {
        tell('probed', { verdict });
        const event = eventOf(verdict);
        if (event?.kind === 'startupFailed' || event?.kind === 'livenessFailed') this.#probeTrouble = textOf(verdict);
        if (event !== undefined) send(event);
      },
      scope,
    );
    const { contract } = this.#deps;
    const { intervalMs } = spec.monitoring;
    this.#told = contract && watchContract(contract, intervalMs, (notice) => tell('noticed', { notice }), scope);
    scope.onEnd(() => {
      this.#probes = undefined;
      this.#told = undefined;
    });
    const enforcement = this.#enforcement;
    if (enforcement !== undefined) {
      enforcement.watch(run, scope);
      const leaves = [
        enforcement.on('violated', (violation) => this.#onViolated(violation, enforcement, send)),
        enforcement.on('outOfMemory', ({ maxBytes }) => this.#onOutOfMemory(maxBytes, enforcement, send)),
        enforcement.on('recovered', ({ limit }) => {
          tell('recovered', { limit });
          this.#carryOut('the throttle', enforcement.throttle(false));
        }),
      ];
      scope.onEnd(() => leaves.forEach((leave) => leave()));
    }
    const { forward } = spec.logs;
    if (forward !== undefined) {
      // What was written before this supervisor began has been told by the one before.
      const sinceMs = Math.max(run.startedAt, this.#openedAt);
      forwardLines(forward, this.id, sinceMs, { logs, log, onLine: (line) => tell('logged', { line }) }, scope);
    }
  }

  /** The kernel was quicker than the samples: what the policy wants done about it is still to be done. */
  #onOutOfMemory(maxBytes: number | null, enforcement: Enforcement, send: (event: InstanceEvent) => void): void {
    const limit = raised(this.#instance.spec.limits, this.#instance.record.adjustments)['memory.max_rss'];
    if (limit === undefined) return;
    const { policy, value } = limit;
    const used = maxBytes ?? value;
    this.#onViolated(
      { limit: 'memory.max_rss', policy, severity: 'critical', value, used, step: 0 },
      enforcement,
      send,
    );
  }

  #onViolated(violation: Violation, enforcement: Enforcement, send: (event: InstanceEvent) => void): void {
    const { tell, log } = this.#deps;
    tell('violated', { violation });
    const action = actionOn(violation);
    switch (action.kind) {
      case 'log': {
        const { limit, value, used, severity } = violation;
        log.warn('limit', { worker: nameOf(this.id), limit, value, used, severity });
        break;
      }
      case 'throttle':
        this.#carryOut('the throttle', enforcement.throttle(true));
        break;
      case 'adjust':
        if (this.#instance.record.adjustments < MAX_ADJUSTMENTS) {
          const { limits, monitoring } = this.#instance.spec;
          this.#adjustments = this.#instance.adjust();
          this.#carryOut('the change of limits', enforcement.change(raised(limits, this.#adjustments), monitoring));
        }
        send(action.event);
        break;
      case 'send':
        send(action.event);
        break;
      default:
    }
  }

  #carryOut(what: string, work: Promise<unknown>): void {
    work.catch((error: unknown) =>
      this.#deps.log.warn(`${what} failed`, { worker: nameOf(this.id), reason: String(error) }),
    );
  }
}

/** A directory that belongs to whoever the program runs as. */
async function makePlace(directory: string, { user }: Launch): Promise<void> {
  const isNew = (await mkdir(directory, { recursive: true, mode: 0o755 })) !== undefined;
  if (isNew && user !== undefined) await chown(directory, user.uid, user.gid);
}

function textOf({ role, status: { code, message } }: ProbeVerdict): string {
  return `its ${role} probe failed: ${message ?? code ?? 'it says not why'}`;
}

function eventOf({ role, isPassing }: ProbeVerdict): InstanceEvent | undefined {
  switch (role) {
    case 'startup':
      return { kind: isPassing ? 'startupPassed' : 'startupFailed' };
    case 'readiness':
      return { kind: isPassing ? 'readinessPassed' : 'readinessFailed' };
    default:
      return isPassing ? undefined : { kind: 'livenessFailed' };
  }
}
