import { createScope, Emitter, type RoundhouseError, type Scope, silentLogger } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import type { WorkerInput } from '@roundhouse/api';
import { workerError } from '../errors.ts';
import { type InstanceId, nameOf } from '../instance/id.ts';
import { type InstanceRecord, NEW_RECORD } from '../instance/record.ts';
import type { Enforcement, EnforcementEvents, Limiter } from '../limits/contract.ts';
import type { Logs } from '../logs/contract.ts';
import type { ProbeStatus, ProbeVerdict } from '../probe/contract.ts';
import type { Exit, Found, Keeper, KeeperEvents, Launch, ProcessHost, Run } from '../process/contract.ts';
import type { SignalResponse } from '../process/signalResponse.ts';
import type { RestartHistory } from '../restart/history.ts';
import { createRestartPolicy } from '../restart/policy.ts';
import { resolveWorker } from '../spec/resolve.ts';
import type { ProbeRole, Signal } from '../spec/spec.ts';
import type { SupervisorEvents } from './contract.ts';
import { ManagedMember } from './managed.ts';
import type { WorkerSettings } from './settings.ts';
import { ProcessSupervisor } from './supervisor.ts';

const BOOT = 'boot-1';

/** What a program does about a signal: ends with it, ends with a code, or nothing. */
export type Behaviour = (signal: Signal) => Pick<Exit, 'code' | 'signal'> | undefined;

export const obedient: Behaviour = (signal) => ({ code: null, signal: `SIG${signal}` });
export const deaf: Behaviour = () => undefined;

/** The program of one instance, as the machine has it: it outlives the master. */
class Program {
  readonly id: InstanceId;
  generation = 0;
  run: Run | undefined;
  exit: Exit | undefined;
  keeper: FakeKeeper | undefined;
  behaviour: Behaviour = obedient;
  /** Raised by the next starts. */
  fault: Error | undefined;
  starts = 0;
  readonly signals: string[] = [];
  lastLaunch: Launch | undefined;

  constructor(id: InstanceId) {
    this.id = id;
  }
}

/** A machine in memory: programs start at once, and end when they are told to. */
export class FakeMachine {
  readonly clock = new FakeClock();
  readonly programs = new Map<string, Program>();
  readonly records = new Map<string, InstanceRecord<RestartHistory>>();
  readonly settings = new Map<string, WorkerSettings>();
  /** Names of instances in the order in which they were started. */
  readonly started: string[] = [];
  readonly ended: string[] = [];
  bootId = BOOT;
  /** Raised when it is shut down. */
  shutdownFault: Error | undefined;
  #pid = 1_000;

  program(id: InstanceId): Program {
    const name = nameOf(id);
    let program = this.programs.get(name);
    if (program === undefined) {
      program = new Program(id);
      this.programs.set(name, program);
    }
    return program;
  }

  /** By name: `web/0`. */
  at(name: string): Program {
    const [worker = '', number = '0'] = name.split('/');
    return this.program({ worker, number: Number(number) });
  }

  start(program: Program, generation: number): Run {
    if (program.fault !== undefined) throw program.fault;
    if (program.run !== undefined) throw new Error(`${nameOf(program.id)} runs twice`);
    program.generation = generation;
    program.starts++;
    const process = { pid: this.#pid++, startTime: this.clock.monotonic(), bootId: this.bootId };
    program.run = { generation, process, startedAt: this.clock.now() };
    this.started.push(nameOf(program.id));
    return program.run;
  }

  /** The program ends. */
  end(name: string, how: { readonly code: number | null; readonly signal?: string | null }): void {
    const program = this.at(name);
    const { run } = program;
    if (run === undefined) throw new Error(`${name} does not run`);
    program.run = undefined;
    program.exit = {
      generation: run.generation,
      code: how.code,
      signal: how.signal ?? null,
      isKnown: true,
      at: this.clock.now(),
    };
    this.ended.push(name);
    program.keeper?.tell('exited', program.exit);
  }

  get running(): readonly string[] {
    return [...this.programs].filter(([, { run }]) => run !== undefined).map(([name]) => name);
  }
}

class FakeKeeper implements Keeper {
  readonly #machine: FakeMachine;
  readonly #program: Program;
  readonly #events = new Emitter<KeeperEvents>();

  constructor(machine: FakeMachine, program: Program) {
    this.#machine = machine;
    this.#program = program;
    program.keeper = this;
  }

  get instance(): InstanceId {
    return this.#program.id;
  }

  get run(): Run | undefined {
    return this.#program.run;
  }

  on<K extends keyof KeeperEvents>(name: K, listener: (fact: KeeperEvents[K]) => void): () => void {
    return this.#events.on(name, listener);
  }

  tell<K extends keyof KeeperEvents>(name: K, fact: KeeperEvents[K]): void {
    this.#events.emit(name, fact);
  }

  async prepare(): Promise<void> {}

  async start(generation: number, launch: Launch): Promise<Run> {
    this.#program.lastLaunch = launch;
    await Promise.resolve();
    if (this.#program.run?.generation === generation) return this.#program.run;
    return this.#machine.start(this.#program, generation);
  }

  async signal(signal: Signal): Promise<boolean> {
    const { run, behaviour, signals, id } = this.#program;
    if (run === undefined) return false;
    signals.push(signal);
    const how = behaviour(signal);
    await Promise.resolve();
    if (how !== undefined && this.#program.run === run) this.#machine.end(nameOf(id), how);
    return true;
  }

  responseTo(signal: Signal): SignalResponse | undefined {
    const { run, behaviour } = this.#program;
    return run && (behaviour(signal) === undefined ? 'handled' : 'default');
  }

  async kill(): Promise<void> {
    await Promise.resolve();
    if (this.#program.run !== undefined) {
      this.#program.signals.push('KILL');
      this.#machine.end(nameOf(this.#program.id), { code: null, signal: 'SIGKILL' });
    }
  }

  async hasStragglers(): Promise<boolean> {
    return false;
  }

  async pids(): Promise<readonly number[]> {
    return this.run === undefined ? [] : [this.run.process.pid];
  }

  async retire(): Promise<void> {
    if (this.run !== undefined) throw new Error(`${nameOf(this.instance)} runs and is retired`);
    this.#machine.programs.delete(nameOf(this.instance));
    this.#machine.records.delete(nameOf(this.instance));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#events.clear();
    if (this.#program.keeper === this) this.#program.keeper = undefined;
  }
}

function hostOf(machine: FakeMachine): ProcessHost {
  /** What ran when it was opened, by name. */
  const ran = new Map<string, number>();
  return {
    async open(): Promise<readonly Found[]> {
      for (const [name, { run }] of machine.programs) if (run !== undefined) ran.set(name, run.generation);
      return [...machine.programs.values()].map(({ id, generation, run, exit }) => ({
        instance: id,
        generation,
        run,
        exit: exit?.generation === generation && run === undefined ? exit : undefined,
      }));
    },
    keeper(id) {
      const program = machine.program(id);
      const keeper = new FakeKeeper(machine, program);
      const { exit, run } = program;
      // It has ended since.
      if (run === undefined && exit !== undefined && exit.generation === ran.get(nameOf(id))) {
        setImmediate(() => keeper.tell('exited', exit));
      }
      return keeper;
    },
    async execute({ command }) {
      return { code: 0, output: command.join(' ') };
    },
    async shutdown() {
      if (machine.shutdownFault !== undefined) throw machine.shutdownFault;
    },
    async [Symbol.asyncDispose]() {},
  };
}

class FakeEnforcement extends Emitter<EnforcementEvents> implements Enforcement {
  readonly cgroups = [];
  readonly rlimits = {};
  readonly statuses = [];
  readonly latest = undefined;
  isThrottled = false;
  isReleased = false;
  isOutOfMemory = false;
  changes: unknown[] = [];

  watch(): void {}
  async sampleNow(): Promise<undefined> {}
  history(): readonly never[] {
    return [];
  }
  async throttle(isOn: boolean): Promise<void> {
    this.isThrottled = isOn;
  }
  async wasOutOfMemory(): Promise<boolean> {
    return this.isOutOfMemory;
  }
  async change(limits: unknown): Promise<readonly never[]> {
    this.changes.push(limits);
    return [];
  }
  async release(): Promise<void> {
    this.isReleased = true;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.clear();
  }
}

const noLogs: Logs = {
  async configure() {},
  filesOf: () => ({ stdout: '/dev/null', stderr: '/dev/null' }),
  read: async () => [],
  async *follow() {},
  size: async () => 0,
  async release() {},
};

/** A supervisor on a machine in memory, the scope of whoever asks it, and what it tells. */
export class Plant {
  readonly machine: FakeMachine;
  readonly supervisor: ProcessSupervisor;
  readonly scope: Scope;
  readonly told: string[] = [];
  readonly enforcements = new Map<string, FakeEnforcement>();
  readonly #own: Scope;
  readonly #verdicts = new Map<string, (verdict: ProbeVerdict) => void>();

  /** Whether all that the supervisor has started is ended. */
  get isOver(): boolean {
    return this.#own.signal.aborted;
  }

  constructor(machine = new FakeMachine()) {
    this.machine = machine;
    const { clock } = machine;
    this.scope = createScope({ clock });
    const limiter: Limiter = {
      backends: ['none'],
      prepare: async (id) => {
        const enforcement = new FakeEnforcement();
        this.enforcements.set(nameOf(id), enforcement);
        return enforcement;
      },
    };
    const log = silentLogger;
    const own = createScope({ clock });
    this.#own = own;
    this.supervisor = new ProcessSupervisor({
      clock,
      log,
      logs: noLogs,
      settings: {
        read: async (worker) => machine.settings.get(worker) ?? { scaled: undefined, scheduledUntil: undefined },
        write: async (worker, settings) => void machine.settings.set(worker, settings),
        remove: async (worker) => void machine.settings.delete(worker),
      },
      openParts: async () => ({ host: hostOf(machine), limiter }),
      openMember: (id, spec, parts, { found, ...context }) =>
        ManagedMember.open(id, spec, found, {
          ...context,
          ...parts,
          clock,
          log,
          logs: noLogs,
          records: {
            read: async (each) => machine.records.get(nameOf(each)) ?? NEW_RECORD,
            write: async (each, record) => void machine.records.set(nameOf(each), record),
            settled: async () => {},
          },
          dataDirectory: '/nonexistent',
          bootId: machine.bootId,
          contract: undefined,
          notices: { open: async () => {}, drop: () => {} },
          launch: { environment: {}, secrets: async () => '', logFiles: (id) => noLogs.filesOf(id) },
          policy: (specOf) => createRestartPolicy(specOf, { random: () => 0.5 }),
          watchProbes: (_member, _execute, onVerdict, scope) => {
            this.#verdicts.set(nameOf(id), onVerdict);
            scope.onEnd(() => this.#verdicts.delete(nameOf(id)));
            return { statuses: { startup: null, readiness: null, liveness: null } };
          },
          scope: own,
        }),
      scope: own,
    });
    const names = ['moved', 'exited', 'adopted', 'violated', 'recovered'] as const satisfies (keyof SupervisorEvents)[];
    for (const name of names) {
      this.supervisor.on(name, (fact) => {
        const what = 'to' in fact ? `${fact.to} ${fact.reason}` : 'exit' in fact ? `exited ${fact.reason}` : name;
        this.told.push(`${nameOf(fact.id)} ${what}`);
      });
    }
  }

  /** Begins with these workers, and lets what follows at once happen. */
  async begin(...workers: readonly (Partial<WorkerInput> & { readonly id: string })[]): Promise<void> {
    await this.supervisor.open(this.scope);
    for (const worker of workers) await this.set(worker);
    await this.supervisor.begin();
    await this.settle();
  }

  async set(worker: Partial<WorkerInput> & { readonly id: string }): Promise<void> {
    await this.supervisor.set(
      resolveWorker({ command: ['/bin/program'], working_directory: '/', ...worker } as WorkerInput),
    );
  }

  /** Whatever is under way without time passing. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < 20; turns++) await this.machine.clock.advance(0);
  }

  /** What a probe finds. */
  probe(name: string, role: ProbeRole, isPassing: boolean, message: string | null = null): void {
    const status: ProbeStatus = {
      status: isPassing ? 'success' : 'failure',
      checkedAt: 0,
      elapsedMs: 1,
      failures: 0,
      code: null,
      message,
      steps: [],
    };
    this.#verdicts.get(name)?.({ role, isPassing, status });
  }

  state(name: string): string {
    const [worker = '', number = '0'] = name.split('/');
    const instance = this.supervisor.find(worker)?.instances[Number(number)];
    return instance === undefined ? 'none' : `${instance.state} ${instance.reason}`;
  }

  /** The master is gone from one moment to the next; the next one begins. */
  succeed(): Plant {
    this.#own.end();
    for (const program of this.machine.programs.values()) program.keeper = undefined;
    return new Plant(this.machine);
  }
}

export function startFailed(isRetryable: boolean): RoundhouseError {
  const details = { worker: 'x', stage: isRetryable ? 'spawn' : 'program', reason: 'no' };
  return isRetryable
    ? workerError('WORKER_RUN_DIRECTORY', { details: { directory: '/', reason: 'ENOSPC' } })
    : workerError('WORKER_START_FAILED', { details });
}
