import { type Clock, createScope, Emitter, type Logger, type Scope, type Unsubscribe } from '@roundhouse/core';
import type { GroupTree } from '../cgroup/tree.ts';
import { type InstanceId, nameOf } from '../instance/id.ts';
import type { Run } from '../process/contract.ts';
import type { LimitName, LimitsSpec, MonitoringSpec } from '../spec/spec.ts';
import type { Enforcement, EnforcementEvents, LimiterSources, LimitStatus, Sample } from './contract.ts';
import { type ControllerName, cpuQuota } from './controllers.ts';
import { Detector } from './detector.ts';
import type { InstanceGroups, IoUsage } from './groups.ts';
import { SampleHistory } from './history.ts';
import { findLoose } from './holding.ts';
import type { KernelFiles } from './kernelFiles.ts';
import { Meter } from './meter.ts';
import { type Means, type Placement, planLimits, settingsLeft } from './plan.ts';
import type { Sampler, Tick } from './sampler.ts';
import { type DiskUse, Sizes } from './sizes.ts';
import { statusOf, usedOf } from './status.ts';
import { EVERYTHING, pidsOf, type Taken, take, wantedBy } from './take.ts';

/** What all instances share. */
export interface EnforcementDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  readonly files: KernelFiles;
  readonly sampler: Sampler;
  /** Of this machine. */
  readonly cores: number;
  readonly directoryBytes: (directory: string) => Promise<number | null>;
}

/** Tries to remove the groups, and the pause after the first, which doubles, ms: processes that were killed leave late. */
const REMOVE_TRIES = 8;
const REMOVE_PAUSE_MS = 20;
/** What a program without a limit of its own is slowed down to at least, percent of one core. */
const MIN_THROTTLE_PERCENT = 5;

/** A run that is being watched. */
interface Watched {
  readonly run: Run;
  readonly meter: Meter;
  leave: Unsubscribe;
}

export class InstanceEnforcement implements Enforcement {
  readonly #instance: InstanceId;
  readonly #sources: LimiterSources;
  readonly #means: Means;
  readonly #groups: InstanceGroups;
  /** Holds all of it, where there is one. */
  readonly #tree: GroupTree | undefined;
  readonly #deps: EnforcementDependencies;
  readonly #events = new Emitter<EnforcementEvents>();
  readonly #history: SampleHistory;
  readonly #sizes: Sizes;
  readonly #detectors = new Map<LimitName, Detector>();
  #monitoring: MonitoringSpec;
  #limits: LimitsSpec = {};
  /** As it is meant to be. */
  #plan: readonly Placement[] = [];
  /** Why limits could not be set. */
  #failures: ReadonlyMap<LimitName, string> = new Map();
  /** As it is, for the run that is watched. */
  #placements: readonly Placement[] = [];
  #isLoose = false;
  #watched: Watched | undefined;
  #generation = 0;
  #latest: Sample | undefined;
  #ioRates: IoUsage | null = null;
  #turn: Promise<void> = Promise.resolve();
  #isThrottled = false;
  #oomKills = 0;
  #wasOutOfMemory = false;

  constructor(
    instance: InstanceId,
    monitoring: MonitoringSpec,
    sources: LimiterSources,
    means: Means,
    groups: InstanceGroups,
    tree: GroupTree | undefined,
    deps: EnforcementDependencies,
  ) {
    this.#instance = instance;
    this.#monitoring = monitoring;
    this.#sources = sources;
    this.#means = means;
    this.#groups = groups;
    this.#tree = tree;
    this.#deps = deps;
    this.#history = new SampleHistory(monitoring.retentionMs);
    this.#sizes = new Sizes(sources, deps.directoryBytes);
  }

  /** Sets the limits for the first time, in place of what an earlier supervisor may have left. */
  open(limits: LimitsSpec): Promise<void> {
    return this.#inTurn(async () => {
      for (const name of this.#groups.adopt()) {
        for (const setting of settingsLeft(name, this.#means)) await this.#groups.unset(setting);
      }
      this.#oomKills = this.#groups.oomKills();
      // What a program that goes on has lost before is old news; without one, it may be how the last one has ended.
      this.#wasOutOfMemory = this.#oomKills > 0 && this.#groups.pids()?.length === 0;
      await this.#apply(limits);
    });
  }

  get cgroups(): readonly string[] {
    return this.#groups.joinFiles;
  }

  get rlimits(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#plan.flatMap(({ rlimit }) => (rlimit ? [[rlimit.name, rlimit.value]] : [])));
  }

  get statuses(): readonly LimitStatus[] {
    if (this.#isLoose) this.#settle();
    const context = {
      controllers: this.#means.controllers,
      device: this.#means.device,
      monitoring: this.#monitoring,
      sources: this.#sources,
      hasGroup: (controller: ControllerName) => this.#groups.has(controller),
    };
    return this.#placements.map((each) => statusOf(each, this.#usedOf(each.limit), context));
  }

  get latest(): Sample | undefined {
    return this.#latest;
  }

  on<K extends keyof EnforcementEvents>(name: K, listener: (fact: EnforcementEvents[K]) => void): Unsubscribe {
    return this.#events.on(name, listener);
  }

  watch(run: Run, scope: Scope): void {
    this.#leave();
    if (scope.signal.aborted) return;
    if (run.generation !== this.#generation) {
      this.#generation = run.generation;
      this.#wasOutOfMemory = false;
      for (const detector of this.#detectors.values()) detector.begin();
    }
    const watched: Watched = { run, meter: new Meter(this.#deps.cores), leave: () => {} };
    this.#watched = watched;
    this.#latest = undefined;
    this.#ioRates = null;
    this.#settle();
    this.#startSampling(watched);
    scope.onEnd(() => {
      if (this.#watched === watched) this.#leave();
    });
  }

  async sampleNow(): Promise<Sample | undefined> {
    const watched = this.#watched;
    if (watched === undefined) return undefined;
    const [pids, sizes] = await Promise.all([this.#sources.pids(), this.#sizes.read()]);
    const tick = this.#deps.sampler.newTick();
    const taken = take(pids, this.#groups, EVERYTHING, tick, this.#deps.files);
    return taken && this.#measure(taken, watched.meter, sizes, false).sample;
  }

  history(sinceMs = 0): readonly Sample[] {
    return this.#history.since(sinceMs);
  }

  throttle(isOn: boolean): Promise<void> {
    return this.#inTurn(async () => {
      if (isOn === this.#isThrottled) return;
      this.#isThrottled = isOn;
      const reason = isOn ? await this.#rationCpu() : await this.#liftQuota();
      if (reason === undefined) return;
      this.#deps.log.warn('the worker cannot be slowed down', { worker: nameOf(this.#instance), reason });
    });
  }

  wasOutOfMemory(): Promise<boolean> {
    this.#countOomKills();
    return Promise.resolve(this.#wasOutOfMemory);
  }

  change(limits: LimitsSpec, monitoring: MonitoringSpec): Promise<readonly LimitName[]> {
    return this.#inTurn(async () => {
      const rlimitsBefore = new Map(this.#plan.map(({ limit, rlimit }) => [limit, rlimit?.value]));
      const { isEnabled, intervalMs } = this.#monitoring;
      this.#monitoring = monitoring;
      this.#history.retentionMs = monitoring.retentionMs;
      await this.#apply(limits);
      if (this.#isThrottled) await this.#rationCpu();
      const watched = this.#watched;
      if (watched === undefined) return [];
      if (monitoring.isEnabled !== isEnabled || monitoring.intervalMs !== intervalMs) {
        watched.leave();
        this.#startSampling(watched);
      }
      const loose = this.#looseIn(watched.run).keys();
      const rlimits = new Map(this.#plan.map(({ limit, rlimit }) => [limit, rlimit?.value]));
      const isOther = (limit: LimitName): boolean => rlimitsBefore.get(limit) !== rlimits.get(limit);
      const others = [...rlimitsBefore.keys(), ...rlimits.keys()].filter(isOther);
      return [...new Set([...loose, ...others])];
    });
  }

  async release(): Promise<void> {
    this.#leave();
    await this.#turn;
    using scope = createScope({ clock: this.#deps.clock });
    let busy = await this.#groups.remove();
    for (let tries = 1; busy.length > 0 && tries < REMOVE_TRIES; tries++) {
      await scope.sleep(REMOVE_PAUSE_MS * 2 ** (tries - 1));
      busy = await this.#groups.remove();
    }
    if (busy.length > 0) {
      this.#deps.log.warn('control groups could not be removed', { worker: nameOf(this.#instance), groups: busy });
    }
    this.#events.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#leave();
    this.#events.clear();
    return Promise.resolve();
  }

  async #apply(limits: LimitsSpec): Promise<void> {
    const before = new Map(this.#plan.map(({ limit, group }) => [limit, group]));
    const isSet = ({ limit, group }: Placement): boolean =>
      !this.#failures.has(limit) && JSON.stringify(before.get(limit)) === JSON.stringify(group);
    const plan = planLimits(limits, this.#means);
    const kept = new Set(plan.filter(isSet).map(({ limit }) => limit));
    // In the reverse order, because swap depends on the memory before it.
    for (const { limit, group } of this.#plan.toReversed()) {
      if (group !== undefined && !kept.has(limit)) await this.#groups.unset(group);
    }
    const failures = new Map<LimitName, string>();
    for (const { limit, group } of plan) {
      const reason = group === undefined || kept.has(limit) ? undefined : await this.#groups.set(group);
      if (reason !== undefined) failures.set(limit, reason);
    }
    this.#limits = limits;
    this.#plan = plan;
    await this.#openCounters();
    this.#failures = failures;
    for (const [limit, reason] of failures) {
      this.#deps.log.warn('the kernel does not take a limit', { worker: nameOf(this.#instance), limit, reason });
    }
    for (const name of this.#detectors.keys()) if (!(name in limits)) this.#detectors.delete(name);
    for (const { limit, isWatched } of this.#plan) {
      if (isWatched && !this.#detectors.has(limit)) this.#detectors.set(limit, new Detector());
    }
    this.#settle();
  }

  /** Groups that set nothing now: they count, or are there to slow it down later. Without them it works less well. */
  async #openCounters(): Promise<void> {
    const { controllers } = this.#means;
    const limits = Object.values(this.#limits);
    if (limits.some(({ policy }) => policy === 'throttle' || policy === 'escalate')) await this.#groups.open('cpu');
    if ('cpu.max_percent' in this.#limits || 'cpu.max_time' in this.#limits) {
      await this.#groups.open(controllers.get('cpu')?.version === 2 ? 'cpu' : 'cpuacct');
    }
  }

  /**
   * Finds out which of the limits hold, for the run that is watched or else for the next one. It is asked again as long as
   * some do not: a run is told of as soon as it is there, which may be before it has joined its groups.
   */
  #settle(): void {
    const loose = this.#watched === undefined ? new Map<LimitName, string>() : this.#looseIn(this.#watched.run);
    this.#isLoose = loose.size > 0;
    this.#placements = this.#plan.map((each) => {
      const reason = this.#failures.get(each.limit) ?? loose.get(each.limit);
      return reason === undefined ? each : { ...each, group: undefined, rlimit: undefined, isExact: false, reason };
    });
  }

  #looseIn(run: Run): ReadonlyMap<LimitName, string> {
    const set = this.#plan.filter(({ limit }) => !this.#failures.has(limit));
    return findLoose(run.process.pid, set, this.#groups, this.#deps.files);
  }

  /** One change of the groups after the other. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.then(
      () => {},
      () => {},
    );
    return done;
  }

  #startSampling(watched: Watched): void {
    if (!this.#monitoring.isEnabled) {
      watched.leave = () => {};
      return;
    }
    this.#sizes.refresh(this.#limits);
    const { sampler } = this.#deps;
    watched.leave = sampler.add(this.#monitoring.intervalMs, (tick) => this.#sample(watched, tick));
  }

  #leave(): void {
    if (this.#watched === undefined) return;
    this.#countOomKills();
    this.#watched.leave();
    this.#watched = undefined;
    // The next run begins at full speed.
    void this.throttle(false);
  }

  #sample({ run, meter }: Watched, tick: Tick): void {
    if (this.#isLoose) this.#settle();
    const taken = take(
      pidsOf(run.process, this.#groups, this.#tree, tick),
      this.#groups,
      wantedBy(this.#limits),
      tick,
      this.#deps.files,
    );
    if (taken !== undefined) {
      const { sample, ioRates } = this.#measure(taken, meter, this.#sizes.latest, true);
      this.#latest = sample;
      this.#ioRates = ioRates;
      this.#history.push(sample);
      this.#detect();
    }
    this.#countOomKills();
    this.#sizes.refresh(this.#limits);
  }

  #measure(
    { processes, fileDescriptors, connections, rssBytes, swapBytes, cpuTimeMs, io, group }: Taken,
    meter: Meter,
    sizes: DiskUse,
    isKept: boolean,
  ): { readonly sample: Sample; readonly ioRates: IoUsage | null } {
    const { clock } = this.#deps;
    const totals = meter.read({ at: clock.monotonic(), cpuTimeMs, io, group }, isKept);
    const sample = {
      at: clock.now(),
      processes: processes.length,
      threads: processes.reduce((total, each) => total + each.threads, 0),
      cpuPercent: totals.cpuPercent,
      cpuTimeMs: totals.cpuTimeMs,
      rssBytes,
      virtualBytes: Math.max(...processes.map((each) => each.virtualBytes)),
      swapBytes,
      fileDescriptors,
      connections,
      readBytes: totals.io?.readBytes ?? null,
      writeBytes: totals.io?.writeBytes ?? null,
      readOps: totals.io?.readOps ?? null,
      writeOps: totals.io?.writeOps ?? null,
      ...sizes,
    };
    return { sample, ioRates: totals.ioRates };
  }

  #usedOf(limit: LimitName): number | null {
    return this.#latest === undefined ? null : usedOf(limit, this.#latest, this.#ioRates);
  }

  #detect(): void {
    const { sustainedViolationMs: sustainedMs, spikeToleranceMs: spikeMs } = this.#sources;
    const windows = { intervalMs: this.#monitoring.intervalMs, sustainedMs, spikeMs };
    const at = this.#deps.clock.monotonic();
    for (const placement of this.#placements) {
      const { limit } = placement;
      const told = this.#detectors.get(limit)?.note(this.#usedOf(limit), at, placement, windows);
      if (told?.kind === 'violated') this.#events.emit('violated', told.violation);
      if (told?.kind === 'recovered') this.#events.emit('recovered', { limit });
    }
  }

  #countOomKills(): void {
    const kills = this.#groups.oomKills();
    if (kills <= this.#oomKills) return;
    this.#oomKills = kills;
    this.#wasOutOfMemory = true;
    const memory = this.#plan.find(({ limit }) => limit === 'memory.max_rss')?.group;
    const maxBytes = memory === undefined ? null : Number(memory.set.at(-1)?.text);
    this.#events.emit('outOfMemory', { maxBytes });
  }

  /** Gives the reason why it cannot be. */
  async #rationCpu(): Promise<string | undefined> {
    const controller = this.#means.controllers.get('cpu');
    if (controller === undefined) return 'no cpu controller';
    const half = Math.max((this.#latest?.cpuPercent ?? 0) / 2, MIN_THROTTLE_PERCENT);
    const percent = this.#limits['cpu.max_percent']?.value ?? half;
    return this.#groups.set(cpuQuota(controller.version, percent));
  }

  /** Back to what the limits say. */
  async #liftQuota(): Promise<string | undefined> {
    const controller = this.#means.controllers.get('cpu');
    if (controller === undefined || this.#plan.some(isQuota)) return undefined;
    return this.#groups.unset(cpuQuota(controller.version, 100));
  }
}

/** Whether the limit itself rations processor time. */
function isQuota({ limit, group }: Placement): boolean {
  return limit === 'cpu.max_percent' && group !== undefined;
}
