import { type Clock, Emitter, type Logger, type Scope, type Timer, type Unsubscribe } from '@roundhouse/core';
import type { GroupTree } from '../cgroup/tree.ts';
import { type InstanceId, nameOf } from '../instance/id.ts';
import { codeOf } from '../limits/kernelFiles.ts';
import type { Signal } from '../spec/spec.ts';
import type { Exit, Found, Keeper, KeeperEvents, Launch, Run } from './contract.ts';
import type { FifoMaker } from './fifo.ts';
import { InstanceDirectory, type Listing, type RunRecord } from './instanceDirectory.ts';
import { instanceScript } from './instanceScript.ts';
import { InstanceTree } from './instanceTree.ts';
import { exitOf, type Fault, type LifeFact } from './life.ts';
import { type Processes, sendSignal } from './processes.ts';
import { runDirectoryError } from './runDirectoryError.ts';
import { ASK_AGAIN_MS, ShimLink } from './shimLink.ts';
import { socketSetOf } from './socketSet.ts';
import type { SignalResponse } from './signalResponse.ts';
import type { Spawner } from './spawner.ts';
import { startError } from './startError.ts';

/** A program whose shim is gone is looked at so often. */
const WATCH_MS = 100;
const MAX_LAUNCH_DELAY_MS = 50;
/** A program whose command line is empty for longer has made it so. */
const MAX_BLANK_LOOKS = 10;

export interface KeeperDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  readonly processes: Processes;
  readonly fifos: FifoMaker;
  readonly spawner: Spawner;
  /** Its v2 group; undefined where there are none. */
  readonly group: GroupTree | undefined;
  readonly newToken: () => string;
  readonly onClose: () => void;
}

/** A start that is going on. */
interface Attempt {
  readonly generation: number;
  readonly launch: Launch;
  readonly token: string;
  readonly outcome: PromiseWithResolvers<Run>;
  /** Wall clock, ms: before anything could run. What it does at once comes before it is heard of. */
  readonly begunAt: number;
  run: Run | undefined;
  /** Of the run. */
  record: RunRecord | undefined;
  fault: Fault | undefined;
  /** It still has to become its user, or to give up rights. */
  isUserDue: boolean;
  /** How often its command line was empty: it is becoming the program, or ending. */
  blankLooks: number;
  isSettled: boolean;
}

/** One instance, by its directory: what was true when this process died is read from there. */
export class InstanceKeeper implements Keeper {
  readonly instance: InstanceId;
  readonly #directory: InstanceDirectory;
  readonly #runDirectory: string;
  readonly #deps: KeeperDependencies;
  readonly #events = new Emitter<KeeperEvents>();
  /** Facts that came before anybody could listen. */
  #untold: (() => void)[] | undefined = [];
  #found: Promise<Found> | undefined;
  readonly #link: ShimLink;
  readonly #tree: InstanceTree;
  /** What its directory holds while nothing has ever been started in it. */
  #fresh: Listing | undefined;
  #preparing: Promise<void> | undefined;
  #run: Run | undefined;
  #attempt: Attempt | undefined;
  #told = 0;
  /** Generation that was asked for, and has not been heard of. */
  #unheard: number | undefined;
  /** Whether the present run has secret files; true where nobody knows. */
  #hasSecrets = true;
  /** Statuses that came through `life` while the directory was read. */
  readonly #statuses = new Map<number, number>();
  #watch: Timer | undefined;
  #isClosed = false;

  constructor(runDirectory: string, instance: InstanceId, deps: KeeperDependencies) {
    this.instance = instance;
    this.#runDirectory = runDirectory;
    this.#directory = new InstanceDirectory(runDirectory, instance);
    this.#deps = deps;
    this.#tree = new InstanceTree(instance.worker, deps.processes, deps.group);
    this.#link = new ShimLink({
      instance,
      directory: this.#directory,
      processes: deps.processes,
      spawner: deps.spawner,
      onFact: (fact) => this.#onFact(fact),
      onGone: () => this.#onShimGone(),
    });
  }

  get run(): Run | undefined {
    return this.#run;
  }

  on<K extends keyof KeeperEvents>(name: K, listener: (fact: KeeperEvents[K]) => void): Unsubscribe {
    return this.#events.on(name, listener);
  }

  /** Reads the directory, once. Raises Node's errors. */
  find(): Promise<Found> {
    this.#found ??= this.#find();
    return this.#found;
  }

  /** Tells from the next turn on what has happened since it was found: whoever has it can listen by then. */
  handOut(): this {
    setImmediate(() => {
      const facts = this.#untold ?? [];
      this.#untold = undefined;
      for (const tellIt of facts) tellIt();
    });
    return this;
  }

  prepare(hasSockets: boolean, scope: Scope): Promise<void> {
    this.#preparing ??= this.#prepareFirst(hasSockets, scope).finally(() => (this.#preparing = undefined));
    return this.#preparing;
  }

  async #prepareFirst(hasSockets: boolean, scope: Scope): Promise<void> {
    await this.#ready(scope);
    const fresh = this.#fresh;
    if (fresh === undefined || fresh.missing.length === 0) return;
    await this.#makePlace(fresh);
    this.#fresh = { ...fresh, isThere: true, missing: [] };
    if (!hasSockets) await this.#link.raise(undefined, this.#fresh, scope);
  }

  async start(generation: number, launch: Launch, scope: Scope): Promise<Run> {
    scope.throwIfEnded();
    await this.#ready(scope);
    const going = this.#attempt;
    if (going?.generation === generation) return scope.race(going.outcome.promise);
    const attempt: Attempt = {
      generation,
      launch,
      token: this.#deps.newToken(),
      outcome: Promise.withResolvers(),
      begunAt: this.#deps.clock.now(),
      run: undefined,
      record: undefined,
      fault: undefined,
      isUserDue: false,
      blankLooks: 0,
      isSettled: false,
    };
    attempt.outcome.promise.catch(() => {});
    this.#attempt = attempt;
    try {
      const listing = this.#fresh ?? (await this.#directory.list());
      this.#fresh = undefined;
      const run =
        (await this.#startedBefore(generation, listing, scope)) ?? (await this.#perform(attempt, listing, scope));
      attempt.outcome.resolve(run);
      return run;
    } catch (error) {
      const reason = runDirectoryError(this.#runDirectory, error);
      attempt.outcome.reject(reason);
      throw reason;
    } finally {
      if (this.#attempt === attempt) this.#attempt = undefined;
      // Read by now, or not wanted any more.
      await this.#directory.forgetLaunch(generation).catch(() => {});
      if (attempt.run === undefined && this.#run?.generation !== generation) {
        await this.#directory.forgetSecrets(generation).catch(() => {});
      }
      if (attempt.fault !== undefined) await this.#directory.forget(generation).catch(() => {});
    }
  }

  async signal(signal: Signal, to: 'leader' | 'group'): Promise<boolean> {
    const run = this.#run;
    if (run === undefined || !this.#deps.processes.isAlive(run.process)) return false;
    const { pid } = run.process;
    return sendSignal(to === 'group' ? -pid : pid, `SIG${signal}`);
  }

  responseTo(signal: Signal): SignalResponse | undefined {
    return this.#run && this.#deps.processes.responseTo(this.#run.process.pid, signal);
  }

  async kill(scope: Scope): Promise<void> {
    await this.#ready(scope);
    // A launch says who it is to the directory before all else, and to its keeper when it is done.
    const record = this.#unheard === undefined ? undefined : await this.#directory.readRun(this.#unheard);
    if (record !== undefined && record !== 'partial') {
      this.#tree.mark = { leader: record.process, token: record.token };
    }
    await this.#tree.kill(scope);
  }

  async hasStragglers(): Promise<boolean> {
    const leader = this.#run?.process.pid;
    return (await this.pids()).some((pid) => pid !== leader);
  }

  pids(): Promise<readonly number[]> {
    return this.#tree.pids();
  }

  async retire(scope: Scope): Promise<void> {
    await this.#ready(scope);
    await this.release(scope);
    await this.#deps.group?.remove();
    await this.#directory.remove();
  }

  /** Ends the shim; nothing may run. */
  async release(scope: Scope): Promise<void> {
    // One that is on its way would come after.
    await scope.race(this.#preparing?.catch(() => {}) ?? Promise.resolve());
    await this.#link.release(scope);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#link.close();
    this.#watch?.cancel();
    this.#events.clear();
    this.#deps.onClose();
  }

  async #find(): Promise<Found> {
    const listing = await this.#directory.list();
    const { generation } = listing;
    if (listing.isFresh) this.#fresh = listing;
    // Before the files are read: what ends from now on comes through it.
    await this.#link.find(listing);
    const record = generation === 0 ? undefined : await this.#directory.readRun(generation);
    if (record === undefined || record === 'partial') {
      return { instance: this.instance, generation, run: undefined, exit: undefined };
    }
    this.#tree.mark = { leader: record.process, token: record.token };
    const exit = await this.#exitOf(generation);
    const run = this.#runOf(generation, record);
    const isChild = this.#link.shim?.number === record.shim;
    if (exit === undefined && (isChild || this.#deps.processes.isAlive(record.process))) {
      this.#run = run;
      if (!isChild) this.#orphaned(run);
      return { instance: this.instance, generation, run, exit: undefined };
    }
    this.#told = generation;
    await this.#directory.forgetSecrets(generation);
    return { instance: this.instance, generation, run: undefined, exit: exit ?? this.#unknownExit(generation) };
  }

  /** Undefined when this generation has not been started, or may be started again. */
  async #startedBefore(generation: number, { numbered }: Listing, scope: Scope): Promise<Run | undefined> {
    if (this.#run?.generation === generation) return this.#run;
    if (!numbered.some(({ kind, number }) => kind === 'pid' && number === generation)) return undefined;
    let record = await this.#directory.readRun(generation);
    for (const until = scope.clock.monotonic() + ASK_AGAIN_MS; record === 'partial'; ) {
      // The launch is between claiming its generation and saying who it is, or the disk was full.
      if (scope.clock.monotonic() > until) await this.#directory.forget(generation);
      await scope.sleep(10);
      record = await this.#directory.readRun(generation);
    }
    if (record === undefined) return undefined;
    this.#adopt(generation, record);
    return this.#runOf(generation, record);
  }

  /** A launch that was asked for earlier has begun. */
  #adopt(generation: number, record: RunRecord): void {
    if (this.#told >= generation || this.#run?.generation === generation) return;
    this.#hasSecrets = true;
    this.#unheard = undefined;
    this.#tree.mark = { leader: record.process, token: record.token };
    this.#run = this.#runOf(generation, record);
    if (this.#link.shim?.number !== record.shim) this.#orphaned(this.#run);
  }

  async #perform(attempt: Attempt, listing: Listing, scope: Scope): Promise<Run> {
    await this.#prepare(attempt, listing);
    this.#unheard = attempt.generation;
    await this.#drive(attempt, listing, scope);
    const run = await attempt.outcome.promise;
    const { shim } = this.#link;
    // It may have been launched before, for another shim.
    if (this.#run === run && shim !== undefined && shim.number !== attempt.record?.shim) this.#orphaned(run);
    return run;
  }

  async #prepare(attempt: Attempt, listing: Listing): Promise<void> {
    const { generation, launch, token } = attempt;
    const directory = this.#directory;
    await this.#makePlace(listing);
    await directory.tidy(listing, generation);
    await this.#deps.group?.open();
    this.#hasSecrets = Object.keys(launch.secretFiles).length > 0;
    const secrets = this.#hasSecrets ? await directory.writeSecrets(generation, launch) : undefined;
    const script = instanceScript(launch, directory, {
      generation,
      token,
      bootId: this.#deps.processes.bootId,
      secrets,
      joinFile: this.#deps.group?.joinFile,
    });
    attempt.isUserDue = script.program !== undefined;
    await directory.writeLaunch(generation, script);
  }

  async #makePlace({ isThere, missing }: Listing): Promise<void> {
    if (!isThere) await this.#directory.make();
    await this.#deps.fifos.make(missing);
  }

  /** Sends what is to be done until the attempt is settled. */
  async #drive(attempt: Attempt, listing: Listing, scope: Scope): Promise<void> {
    const { clock } = scope;
    const sockets = socketSetOf(attempt.launch);
    let askAt = -Infinity;
    let isAsked = false;
    let before: Listing | undefined = listing;
    let delayMs = 1;
    while (!attempt.isSettled) {
      if (attempt.run === undefined) {
        await this.#link.raise(sockets, before, scope);
        before = undefined;
        // Its end is all that is heard of a launch that was killed.
        if (clock.monotonic() >= askAt || this.#statuses.has(attempt.generation)) {
          // An earlier answer may have been given to an earlier supervisor.
          const record = isAsked ? await this.#directory.readRun(attempt.generation) : undefined;
          if (record !== undefined && record !== 'partial') this.#begin(attempt, record);
          else if (this.#link.go(attempt.generation)) askAt = clock.monotonic() + ASK_AGAIN_MS;
          isAsked = true;
        }
        if (attempt.run === undefined && this.#link.shim !== undefined) await this.#link.change(scope, ASK_AGAIN_MS);
        // Another shim knows nothing of it.
        if (this.#link.shim === undefined) askAt = -Infinity;
      } else {
        const isTooLate = delayMs === MAX_LAUNCH_DELAY_MS && (await this.#isUnseen(attempt.run));
        if (isTooLate || this.#isBegun(attempt, attempt.run)) return this.#settle(attempt);
        await this.#link.change(scope, delayMs);
        delayMs = Math.min(delayMs * 2, MAX_LAUNCH_DELAY_MS);
      }
    }
  }

  /** Whether it has ended as a child of a shim that is no more: nobody will tell how. */
  async #isUnseen({ generation, process: leader }: Run): Promise<boolean> {
    if (this.#deps.processes.isAlive(leader)) return false;
    const record = await this.#directory.readRun(generation);
    return record !== undefined && record !== 'partial' && record.shim !== this.#link.shim?.number;
  }

  /** Whether the launch has become the program. */
  #isBegun(attempt: Attempt, run: Run): boolean {
    const { processes } = this.#deps;
    if (attempt.isUserDue) return false;
    const line = processes.commandLine(run.process.pid);
    // How it ended comes through `life`.
    if (line === undefined || line.includes(this.#directory.file('launch', attempt.generation))) return false;
    return line !== '' || (processes.isAlive(run.process) && (attempt.blankLooks += 1) > MAX_BLANK_LOOKS);
  }

  #settle(attempt: Attempt): void {
    if (attempt.isSettled) return;
    attempt.isSettled = true;
    const { run, fault, launch } = attempt;
    if (fault === undefined && run !== undefined) attempt.outcome.resolve(run);
    else if (fault !== undefined) attempt.outcome.reject(startError(this.instance, launch, fault, this.#runDirectory));
  }

  #onFact(fact: Exclude<LifeFact, { kind: 'shim' }>): void {
    const { bootId } = this.#deps.processes;
    const attempt = this.#attempt?.generation === fact.generation ? this.#attempt : undefined;
    switch (fact.kind) {
      case 'run': {
        const { pid, startTime, token, shim } = fact;
        if (attempt === undefined) this.#learn(fact.generation);
        else this.#begin(attempt, { process: { pid, startTime, bootId }, token, shim });
        break;
      }
      case 'user':
        if (attempt !== undefined) attempt.isUserDue = false;
        break;
      case 'fault': {
        if (attempt === undefined) break;
        const { stage, status, reason } = fact;
        attempt.fault = { stage, status, reason };
        // Without a run the shim has nothing to tell of its end.
        if (attempt.run === undefined) this.#settle(attempt);
        break;
      }
      default:
        this.#onStatus(fact.generation, fact.status, attempt);
    }
  }

  #begin(attempt: Attempt, record: RunRecord): void {
    if (attempt.run !== undefined) return;
    const { process: leader, token } = record;
    attempt.run = { generation: attempt.generation, process: leader, startedAt: attempt.begunAt };
    attempt.record = record;
    this.#run = attempt.run;
    this.#unheard = undefined;
    this.#tree.mark = { leader, token };
    const status = this.#statuses.get(attempt.generation);
    if (status !== undefined) this.#onStatus(attempt.generation, status, attempt);
  }

  /** A run that began when nobody waited for it. */
  #learn(generation: number): void {
    void this.find()
      .then(() => this.#directory.readRun(generation))
      .then((record) => {
        if (record !== undefined && record !== 'partial' && !this.#isClosed && this.#attempt === undefined) {
          this.#adopt(generation, record);
        }
      })
      .catch((error: unknown) =>
        this.#deps.log.error('a run cannot be read', { instance: nameOf(this.instance), error }),
      );
  }

  #onStatus(generation: number, status: number, attempt: Attempt | undefined): void {
    const exit = exitOf(generation, status, this.#deps.clock.now());
    if (attempt === undefined || attempt.isSettled || (attempt.run === undefined && attempt.fault === undefined)) {
      if (this.#run?.generation === generation) this.#ended(exit);
      else this.#statuses.set(generation, status);
      return;
    }
    if (attempt.isUserDue) attempt.fault ??= { stage: 'user', status, reason: '' };
    this.#settle(attempt);
    if (attempt.fault !== undefined) this.#run = undefined;
    // Whoever waits for the start hears of it first.
    else setImmediate(() => this.#ended(exit));
  }

  #onShimGone(): void {
    const run = this.#run;
    if (run === undefined) return;
    const attempt = this.#attempt?.run === run ? this.#attempt : undefined;
    if (attempt !== undefined) this.#settle(attempt);
    if (attempt?.fault === undefined) this.#orphaned(run);
    else this.#run = undefined;
  }

  /** Looks after a run that is no child of a living shim. */
  #orphaned(run: Run): void {
    const { clock, processes } = this.#deps;
    this.#watch?.cancel();
    const isAlive = processes.isAlive(run.process);
    if (isAlive) this.#tell('shimLost', { generation: run.generation });
    const look = (): void => {
      if (this.#run !== run || this.#isClosed) return;
      if (processes.isAlive(run.process)) this.#watch = clock.setTimer(WATCH_MS, look);
      else void this.#endedUnseen(run.generation);
    };
    look();
  }

  async #endedUnseen(generation: number): Promise<void> {
    const exit = await this.#exitOf(generation).catch(() => undefined);
    if (!this.#isClosed) this.#ended(exit ?? this.#unknownExit(generation));
  }

  #ended(exit: Exit): void {
    if (this.#isClosed || this.#told >= exit.generation) return;
    this.#told = exit.generation;
    this.#run = undefined;
    this.#watch?.cancel();
    this.#statuses.clear();
    if (this.#hasSecrets) {
      this.#directory.forgetSecrets(exit.generation).catch((error: unknown) => {
        this.#deps.log.error('secrets of a run cannot be removed', { instance: nameOf(this.instance), error });
      });
    }
    this.#tell('exited', exit);
  }

  #tell<K extends keyof KeeperEvents>(name: K, fact: KeeperEvents[K]): void {
    if (this.#untold === undefined) this.#events.emit(name, fact);
    else this.#untold.push(() => this.#events.emit(name, fact));
  }

  async #exitOf(generation: number): Promise<Exit | undefined> {
    const written = await this.#directory.readExit(generation);
    if (written !== undefined) return exitOf(generation, written.status, written.at);
    const status = this.#statuses.get(generation);
    return status === undefined ? undefined : exitOf(generation, status, this.#deps.clock.now());
  }

  #unknownExit(generation: number): Exit {
    return { generation, code: null, signal: null, isKnown: false, at: this.#deps.clock.now() };
  }

  #runOf(generation: number, { process: identity }: RunRecord): Run {
    return { generation, process: identity, startedAt: this.#deps.processes.startedAt(identity) };
  }

  async #ready(scope: Scope): Promise<void> {
    try {
      await scope.race(this.find());
    } catch (error) {
      // Asked again, it may be there.
      if (codeOf(error) !== undefined) this.#found = undefined;
      throw codeOf(error) === undefined ? error : runDirectoryError(this.#runDirectory, error);
    }
  }
}
