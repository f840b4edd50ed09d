import type { WorkerState } from '@roundhouse/api';
import { Emitter, type Scope } from '@roundhouse/core';
import {
  type InstanceId,
  type InstanceStatus,
  type InstanceUsage,
  type Move,
  type Supervisor,
  type SupervisorEvents,
  workerError,
  type WorkerSpec,
  type WorkerStatus,
  type WorkerTarget,
} from '@roundhouse/workers';
import { FakeLogs } from './logs.fixture.ts';

interface Held {
  spec: WorkerSpec;
  replicas: number;
  instances: InstanceStatus[];
  readonly moves: Map<number, Move[]>;
}

const NO_PROBES = { startup: null, readiness: null, liveness: null };

/** Keeps workers as the contract has it, without a process: what is started is ready at once. */
export class FakeSupervisor extends Emitter<SupervisorEvents> implements Supervisor {
  readonly backends = ['memory'];
  readonly logs = new FakeLogs();
  /** What was asked, in order: `set web`, `close leave`. */
  readonly calls: string[] = [];
  /** A start hangs until its scope ends. */
  isStuck = false;
  readonly #workers = new Map<string, Held>();
  #nextPid = 1_000;
  #isBegun = false;

  async open(): Promise<void> {
    if (!this.calls.includes('open')) this.calls.push('open');
  }

  check(spec: WorkerSpec): void {
    if (spec.schedule === 'never') {
      const details = { worker: spec.id, field: 'schedule', reason: 'it has five fields' };
      throw workerError('WORKER_INVALID', { details });
    }
  }

  async set(spec: WorkerSpec): Promise<void> {
    this.calls.push(`set ${spec.id}`);
    const held = this.#workers.get(spec.id) ?? { spec, replicas: 0, instances: [], moves: new Map() };
    this.#workers.set(spec.id, held);
    held.spec = spec;
    this.#resize(held, spec.replicas);
    if (this.#isBegun && spec.isEnabled) this.#moveAll(held, 'ready', 'started');
  }

  async remove(worker: string): Promise<void> {
    this.calls.push(`remove ${worker}`);
    this.#workers.delete(worker);
  }

  async begin(): Promise<void> {
    this.calls.push('begin');
    this.#isBegun = true;
    for (const held of this.#workers.values()) if (held.spec.isEnabled) this.#moveAll(held, 'ready', 'started');
  }

  list(): readonly WorkerStatus[] {
    return [...this.#workers.values()].map(statusOf);
  }

  find(worker: string): WorkerStatus | undefined {
    const held = this.#workers.get(worker);
    return held && statusOf(held);
  }

  history(target: WorkerTarget) {
    return this.#targets(target).map(({ held, id }) => ({ id, moves: held.moves.get(id.number) ?? [] }));
  }

  async start(target: WorkerTarget, { force }: { readonly force?: boolean | undefined }, scope: Scope): Promise<void> {
    const targets = this.#targets(target);
    this.calls.push(`start ${nameOf(target)}${force === true ? ' by force' : ''}`);
    if (this.isStuck) await scope.sleep(86_400_000);
    for (const { held, id } of targets) this.#move(held, id.number, 'ready', 'started');
  }

  async stop(target: WorkerTarget): Promise<void> {
    const targets = this.#targets(target);
    this.calls.push(`stop ${nameOf(target)}`);
    for (const { held, id } of targets) this.#move(held, id.number, 'stopped', 'by_request');
  }

  async stopAll(workers: readonly string[]): Promise<void> {
    for (const worker of workers) await this.stop({ worker });
  }

  async restart(target: WorkerTarget, scope: Scope): Promise<void> {
    await this.stop(target);
    await this.start(target, {}, scope);
  }

  async reload(target: WorkerTarget): Promise<void> {
    this.#running(target);
    this.calls.push(`reload ${nameOf(target)}`);
  }

  async signal(target: WorkerTarget, signal: string): Promise<void> {
    this.#running(target);
    this.calls.push(`signal ${nameOf(target)} ${signal}`);
  }

  async execute(target: WorkerTarget, command: readonly string[]) {
    this.#targets(target);
    return { code: 0, output: `${command.join(' ')}\n` };
  }

  async scale(worker: string, replicas: number): Promise<void> {
    const [first] = this.#targets({ worker });
    if (first === undefined) return;
    this.calls.push(`scale ${worker} ${replicas}`);
    this.#resize(first.held, replicas);
  }

  async usage(target: WorkerTarget): Promise<readonly InstanceUsage[]> {
    return this.#targets(target).map(({ id }) => ({ id, limits: [], now: undefined, history: [] }));
  }

  async close(workers: 'leave' | 'stop'): Promise<void> {
    this.calls.push(`close ${workers}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close('leave');
  }

  /** Has something of an instance be otherwise. */
  amend(worker: string, number: number, status: Partial<InstanceStatus>): void {
    const { instances } = this.#held(worker);
    instances[number] = { ...(instances[number] as InstanceStatus), ...status };
  }

  #held(worker: string): Held {
    const held = this.#workers.get(worker);
    if (held === undefined) throw workerError('WORKER_NOT_FOUND', { details: { id: worker } });
    return held;
  }

  #targets({ worker, instance }: WorkerTarget): ReadonlyArray<{ readonly held: Held; readonly id: InstanceId }> {
    const held = this.#held(worker);
    const found = held.instances.filter(({ id }) => instance === undefined || id.number === instance);
    if (found.length === 0 && instance !== undefined) {
      throw workerError('WORKER_NOT_FOUND', { details: { id: `${worker}/${instance}` } });
    }
    return found.map(({ id }) => ({ held, id }));
  }

  #running(target: WorkerTarget): void {
    const isUp = this.#targets(target).some(({ held, id }) => held.instances[id.number]?.process !== undefined);
    if (!isUp) throw workerError('WORKER_NOT_RUNNING', { details: { worker: target.worker } });
  }

  #resize(held: Held, replicas: number): void {
    held.replicas = replicas;
    held.instances = Array.from(
      { length: replicas },
      (_, number) => held.instances[number] ?? idle({ worker: held.spec.id, number }),
    );
    if (this.#isBegun && held.spec.isEnabled) this.#moveAll(held, 'ready', 'started');
  }

  #moveAll(held: Held, to: WorkerState, reason: string): void {
    for (const { id } of held.instances) this.#move(held, id.number, to, reason);
  }

  #move(held: Held, number: number, to: WorkerState, reason: string): void {
    const before = held.instances[number] as InstanceStatus;
    if (before.state === to) return;
    const { id, state: from, restarts } = before;
    const pid = to === 'ready' ? this.#nextPid++ : undefined;
    const process = pid === undefined ? undefined : { pid, startTime: 1, bootId: 'boot' };
    held.instances[number] = { ...before, state: to, reason, process, startedAt: pid === undefined ? undefined : 0 };
    held.moves.set(number, [...(held.moves.get(number) ?? []), { at: 0, from, to, reason }]);
    this.emit('moved', { id, labels: held.spec.labels, from, to, reason, pid, restarts });
  }
}

function idle(id: InstanceId): InstanceStatus {
  return {
    id,
    state: 'stopped',
    reason: 'never_started',
    since: 0,
    trouble: undefined,
    process: undefined,
    startedAt: undefined,
    restarts: 0,
    lastExit: undefined,
    nextStartAt: undefined,
    blockedBy: [],
    probes: NO_PROBES,
    limits: [],
    sample: undefined,
    metrics: [],
  };
}

function statusOf({ spec, replicas, instances }: Held): WorkerStatus {
  const [first] = instances;
  return { spec, replicas, instances, state: first?.state ?? 'stopped', reason: first?.reason ?? 'no_instances' };
}

function nameOf({ worker, instance }: WorkerTarget): string {
  return instance === undefined ? worker : `${worker}/${instance}`;
}
