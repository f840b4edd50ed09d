import { type Clock, isRoundhouseError, type Logger, type Scope } from '@roundhouse/core';
import { workerError } from '../errors.ts';
import type { InstanceId } from '../instance/id.ts';
import type { InstanceState } from '../instance/state.ts';
import { parseSchedule } from '../schedule/schedule.ts';
import { ScheduleRunner } from '../schedule/scheduleRunner.ts';
import type { WorkerSpec } from '../spec/spec.ts';
import type { InstanceStatus, WorkerStatus } from './contract.ts';
import type { Member } from './member.ts';
import { Replicas } from './replicas.ts';
import type { SettingsFiles, WorkerSettings } from './settings.ts';
import { WORST_STATES } from './worst.ts';

export interface WorkerDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: Pick<SettingsFiles, 'read' | 'write' | 'remove'>;
  readonly openMember: (id: InstanceId, spec: WorkerSpec) => Promise<Member>;
  readonly scope: Scope;
}

/** A worker with its instances. One change at a time is asked for; what it makes necessary goes on beside. */
export class Worker {
  readonly #deps: WorkerDependencies;
  #spec: WorkerSpec;
  #settings: WorkerSettings;
  readonly #replicas: Replicas;
  #schedule: ScheduleRunner | undefined;
  #isBegun = false;
  /** Ends a rolling restart that a newer specification overtakes. */
  #roll: Scope | undefined;

  static async open(spec: WorkerSpec, deps: WorkerDependencies): Promise<Worker> {
    return new Worker(spec, await deps.settings.read(spec.id), deps);
  }

  private constructor(spec: WorkerSpec, settings: WorkerSettings, deps: WorkerDependencies) {
    this.#deps = deps;
    this.#spec = spec;
    this.#settings = settings;
    this.#replicas = new Replicas({
      open: (number) => this.#open(number),
      onOpened: (member) => {
        if (this.#isBegun) member.resume();
      },
      onTrouble: (what, error) => this.#troubled(what, error),
      scope: deps.scope,
    });
  }

  get spec(): WorkerSpec {
    return this.#spec;
  }

  get members(): readonly Member[] {
    return this.#replicas.members;
  }

  get states(): readonly InstanceState[] {
    return this.members.map(({ state }) => state);
  }

  get replicas(): number {
    const { scaled } = this.#settings;
    return scaled?.inPlaceOf === this.#spec.replicas ? scaled.replicas : this.#spec.replicas;
  }

  status(): WorkerStatus {
    const nextRun = this.#schedule?.nextAt ?? undefined;
    const instances = this.members.map((member) => {
      const status = member.status();
      if (status.reason === 'never_started' && hasNothing(this.#spec)) return { ...status, reason: 'no_command' };
      if (status.state !== 'stopped' || nextRun === undefined) return status;
      return {
        ...status,
        nextStartAt: nextRun,
        reason: status.reason === 'never_started' ? 'scheduled' : status.reason,
      };
    });
    const worst = (a: InstanceStatus, b: InstanceStatus): number =>
      WORST_STATES.indexOf(a.state) - WORST_STATES.indexOf(b.state);
    const [first] = instances.toSorted(worst);
    return {
      spec: this.#spec,
      state: first?.state ?? 'stopped',
      reason: first?.reason ?? 'no_instances',
      replicas: this.replicas,
      instances,
    };
  }

  /** Those of a target. Raises WORKER_NOT_FOUND. */
  select(instance: number | undefined): readonly Member[] {
    if (instance === undefined) return this.members;
    const member = this.#replicas.find(instance);
    if (member === undefined) {
      throw workerError('WORKER_NOT_FOUND', { details: { id: `${this.#spec.id}/${instance}` } });
    }
    return [member];
  }

  /** Becomes what the specification says; what has to be restarted for that is, one after the other, beside. */
  async set(spec: WorkerSpec): Promise<void> {
    const isEnabledNow = spec.isEnabled && !this.#spec.isEnabled;
    this.#spec = spec;
    for (const member of this.members) await member.reconfigure(spec);
    await this.#replicas.resize(this.replicas);
    if (!this.#isBegun) return;
    if (isEnabledNow) for (const member of this.members) member.resume();
    this.#plan();
    this.renew(true);
  }

  async scale(replicas: number): Promise<void> {
    await this.#keep({ scaled: { replicas, inPlaceOf: this.#spec.replicas } });
    await this.#replicas.resize(replicas);
  }

  /** Starts what is to run. */
  begin(): void {
    this.#isBegun = true;
    for (const member of this.members) member.resume();
    this.#plan();
    this.renew();
  }

  /** Begins nothing any more by itself; what runs goes on. */
  suspend(): void {
    this.#isBegun = false;
    this.#schedule?.close();
    this.#roll?.end();
  }

  /** Stops all of it and leaves nothing but logs. */
  async retire(): Promise<void> {
    this.suspend();
    await this.#replicas.resize(0);
    await this.#replicas.settled();
    await this.#deps.settings.remove(this.#spec.id);
  }

  /** Lets go of it. */
  async close(): Promise<void> {
    this.suspend();
    await this.#replicas.close();
  }

  /** Resolves when no instance is on its way, in or out. */
  settled(): Promise<void> {
    return this.#replicas.settled();
  }

  async #open(number: number): Promise<Member> {
    const spec = this.#spec;
    const member = await this.#deps.openMember({ worker: spec.id, number }, spec);
    // It may have become another one meanwhile.
    if (this.#spec !== spec) await member.reconfigure(this.#spec);
    return member;
  }

  /**
   * Restarts what runs by an earlier specification, one after the other; the first that does not come back ends it. To be
   * called whenever there may be such a one. `isAnew`: does not wait for what an earlier specification has begun.
   */
  renew(isAnew = false): void {
    if (!this.#isBegun || (this.#roll !== undefined && !isAnew)) return;
    this.#roll?.end();
    const roll = this.#deps.scope.child();
    this.#roll = roll;
    const renewed = this.#restartStale(roll).finally(() => {
      roll.end();
      if (this.#roll === roll) this.#roll = undefined;
    });
    this.#background('the restart for a new specification', renewed, roll);
  }

  async #restartStale(scope: Scope): Promise<void> {
    for (;;) {
      const stale = this.members.find(({ isStale }) => isStale);
      if (stale === undefined) return;
      try {
        await stale.restart('spec_changed', scope);
      } catch (error) {
        // Whoever asked for something else has it: that is by the new specification too.
        if (!isRoundhouseError(error) || error.code !== 'WORKER_SUPERSEDED') throw error;
      }
    }
  }

  #plan(): void {
    const { schedule } = this.#spec;
    this.#schedule?.close();
    this.#schedule = undefined;
    if (schedule === undefined) return;
    const { clock } = this.#deps;
    this.#schedule = new ScheduleRunner(parseSchedule(schedule), {
      clock,
      doneUntil: this.#settings.scheduledUntil,
      onDue: () => {
        this.#background('the note of a scheduled start', this.#keep({ scheduledUntil: clock.now() }));
        for (const member of this.members) member.runOnce();
      },
    });
    this.#schedule.start();
  }

  async #keep(changes: Partial<WorkerSettings>): Promise<void> {
    this.#settings = { ...this.#settings, ...changes };
    await this.#deps.settings.write(this.#spec.id, this.#settings);
  }

  #background(what: string, work: Promise<unknown>, scope = this.#deps.scope): void {
    work.catch((error: unknown) => {
      if (!scope.signal.aborted) this.#troubled(`${what} failed`, error);
    });
  }

  #troubled(what: string, error: unknown): void {
    const { log, scope } = this.#deps;
    if (!scope.signal.aborted) log.warn(what, { worker: this.#spec.id, reason: String(error) });
  }
}

function hasNothing({ type, program }: WorkerSpec): boolean {
  return type !== 'unmanaged' && program === undefined;
}
