import { type Clock, Emitter, type Logger, type Scope, type Unsubscribe } from '@roundhouse/core';
import { workerError } from '../errors.ts';
import { DependencyGraph } from '../graph/graph.ts';
import { type InstanceId, nameOf } from '../instance/id.ts';
import { type InstanceState, runOf } from '../instance/state.ts';
import type { Limiter } from '../limits/contract.ts';
import type { Logs } from '../logs/contract.ts';
import type { Found, ProcessHost } from '../process/contract.ts';
import type { Signal, WorkerSpec } from '../spec/spec.ts';
import { checkWorker } from './check.ts';
import { Conditions } from './conditions.ts';
import type {
  ExecuteResult,
  InstanceUsage,
  Move,
  Supervisor,
  SupervisorEvents,
  WorkerStatus,
  WorkerTarget,
} from './contract.ts';
import type { Member, Tell } from './member.ts';
import type { SettingsFiles } from './settings.ts';
import { Worker } from './worker.ts';

/** What an instance needs of the supervisor. */
export interface MemberContext {
  readonly found: Found | undefined;
  readonly dependencies: (scope: Scope) => Promise<void>;
  readonly blockers: () => readonly string[];
  readonly tell: Tell;
  readonly onMoved: (from: InstanceState, to: InstanceState) => void;
}

export interface SupervisorParts {
  readonly host: ProcessHost;
  readonly limiter: Limiter;
}

export interface SupervisorDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  readonly logs: Logs;
  readonly settings: Pick<SettingsFiles, 'read' | 'write' | 'remove'>;
  /** Finds out what this machine has. */
  readonly openParts: (scope: Scope) => Promise<SupervisorParts>;
  readonly openMember: (
    id: InstanceId,
    spec: WorkerSpec,
    parts: SupervisorParts,
    context: MemberContext,
  ) => Promise<Member>;
  readonly scope: Scope;
}

export class ProcessSupervisor implements Supervisor {
  readonly #deps: SupervisorDependencies;
  readonly #events = new Emitter<SupervisorEvents>();
  readonly #workers = new Map<string, Worker>();
  readonly #conditions = new Conditions((worker) => this.#workers.get(worker)?.states ?? []);
  /** By name: what ran before, until a worker takes it over. */
  readonly #found = new Map<string, Found>();
  /** Workers on their way out. */
  readonly #leaving = new Map<string, Promise<void>>();
  /** Changes that are under way. */
  readonly #turns = new Map<string, Promise<void>>();
  #parts: SupervisorParts | undefined;
  #graph: DependencyGraph | undefined;
  #isBegun = false;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(deps: SupervisorDependencies) {
    this.#deps = deps;
  }

  get backends(): readonly string[] {
    return this.#parts?.limiter.backends ?? [];
  }

  get logs(): Logs {
    return this.#deps.logs;
  }

  on<K extends keyof SupervisorEvents>(name: K, listener: (fact: SupervisorEvents[K]) => void): Unsubscribe {
    return this.#events.on(name, listener);
  }

  open(scope: Scope): Promise<void> {
    return (this.#opening ??= this.#open(scope));
  }

  async #open(scope: Scope): Promise<void> {
    const parts = await this.#deps.openParts(scope);
    this.#parts = parts;
    for (const found of await parts.host.open(scope)) this.#found.set(nameOf(found.instance), found);
  }

  check(spec: WorkerSpec): void {
    checkWorker(spec);
  }

  set(spec: WorkerSpec): Promise<void> {
    return this.#inTurn(spec.id, () => this.#set(spec));
  }

  async #set(spec: WorkerSpec): Promise<void> {
    this.check(spec);
    await this.#leaving.get(spec.id);
    const worker = this.#workers.get(spec.id);
    const isSameKind = worker !== undefined && (worker.spec.type === 'unmanaged') === (spec.type === 'unmanaged');
    if (isSameKind) await worker.set(spec);
    else {
      if (worker !== undefined) {
        this.#remove(spec.id);
        await this.#leaving.get(spec.id);
      }
      await this.#add(spec);
    }
    this.#graph = undefined;
    this.#conditions.changed(spec.id);
  }

  remove(id: string): Promise<void> {
    return this.#inTurn(id, async () => this.#remove(id));
  }

  #remove(id: string): void {
    const worker = this.#known(id);
    this.#workers.delete(id);
    this.#graph = undefined;
    const left = worker
      .retire()
      .catch((error: unknown) => this.#troubled('a worker could not be removed', id, error))
      .finally(() => this.#leaving.delete(id));
    this.#leaving.set(id, left);
  }

  /** One change of a worker after the other. */
  #inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    const done = (this.#turns.get(id) ?? Promise.resolve()).then(work);
    const settled = done.then(
      () => {},
      () => {},
    );
    this.#turns.set(id, settled);
    void settled.then(() => {
      if (this.#turns.get(id) === settled) this.#turns.delete(id);
    });
    return done;
  }

  async begin(): Promise<void> {
    this.#isBegun = true;
    for (const worker of this.#workers.values()) worker.begin();
    const orphans = [...this.#found.values()];
    this.#found.clear();
    await Promise.all(orphans.map((found) => this.#clear(found)));
  }

  list(): readonly WorkerStatus[] {
    return [...this.#workers.values()].map((worker) => worker.status());
  }

  find(worker: string): WorkerStatus | undefined {
    return this.#workers.get(worker)?.status();
  }

  history(target: WorkerTarget): readonly { readonly id: InstanceId; readonly moves: readonly Move[] }[] {
    return this.#select(target).map(({ id, moves }) => ({ id, moves }));
  }

  async start(target: WorkerTarget, options: { readonly force?: boolean | undefined }, scope: Scope): Promise<void> {
    await all(this.#select(target).map((member) => member.start(options, scope)));
  }

  async stop(target: WorkerTarget, scope: Scope): Promise<void> {
    const members = this.#select(target);
    if (target.instance === undefined) {
      // Those that depend on others come first.
      for (const [id, how] of this.#dependencies.cascadeOf(target.worker)) {
        if (how === 'stop') await this.#stopFor(id, scope);
      }
    }
    await all(members.map((member) => member.stop('by_request', scope)));
  }

  stopAll(workers: readonly string[], scope: Scope): Promise<void> {
    return this.#stopInOrder(workers, 'by_request', scope);
  }

  async restart(target: WorkerTarget, scope: Scope): Promise<void> {
    const members = this.#select(target);
    const isServing = ({ state }: Member): boolean => isUp(state);
    // What serves nobody need not wait for the others.
    const down = members.filter((member) => !isServing(member));
    const restart = (member: Member): Promise<void> => member.restart('restart_requested', scope);
    const inOrder = async (): Promise<void> => {
      for (const member of members.filter(isServing)) await restart(member);
    };
    await all([...down.map(restart), inOrder()]);
  }

  async reload(target: WorkerTarget, scope: Scope): Promise<void> {
    await all(this.#select(target).map((member) => member.reload(scope)));
  }

  async signal(target: WorkerTarget, signal: Signal): Promise<void> {
    await all(this.#select(target).map((member) => member.signal(signal)));
  }

  execute(target: WorkerTarget, command: readonly [string, ...string[]], scope: Scope): Promise<ExecuteResult> {
    const [member] = this.#select(target);
    if (member === undefined) throw workerError('WORKER_NOT_RUNNING', { details: { worker: target.worker } });
    return member.execute(command, scope);
  }

  scale(worker: string, replicas: number): Promise<void> {
    return this.#inTurn(worker, async () => {
      const known = this.#known(worker);
      this.check({ ...known.spec, replicas });
      await known.scale(replicas);
      this.#conditions.changed(worker);
    });
  }

  async usage(target: WorkerTarget, sinceMs?: number): Promise<readonly InstanceUsage[]> {
    return Promise.all(this.#select(target).map((member) => member.usage(sinceMs)));
  }

  close(workers: 'leave' | 'stop', scope: Scope): Promise<void> {
    return (this.#closing ??= this.#close(workers, scope));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close('leave', this.#deps.scope);
  }

  async #close(workers: 'leave' | 'stop', scope: Scope): Promise<void> {
    // Half open, it would leave processes behind.
    await this.#opening?.catch(() => {});
    for (const worker of this.#workers.values()) worker.suspend();
    if (workers === 'stop') {
      await this.#stopInOrder([...this.#workers.keys()], 'shutdown', scope).catch((error: unknown) =>
        this.#troubled('not all workers could be stopped', '', error),
      );
      await all([...this.#leaving.values(), ...[...this.#workers.values()].map((worker) => worker.settled())]);
    }
    await Promise.all([...this.#workers.values()].map((worker) => worker.close()));
    this.#events.clear();
    await this.#parts?.host
      .shutdown(scope)
      .catch((error: unknown) => this.#troubled('what does not run could not be put away', '', error));
    this.#deps.scope.end();
  }

  async #add(spec: WorkerSpec): Promise<void> {
    const { clock, log, settings, openMember, scope } = this.#deps;
    const parts = this.#parts;
    if (parts === undefined) throw new Error('the supervisor is not open');
    const worker = await Worker.open(spec, {
      clock,
      log,
      settings,
      scope,
      openMember: async (id, present) => {
        const name = nameOf(id);
        const found = this.#found.get(name);
        this.#found.delete(name);
        return openMember(id, present, parts, this.#contextOf(id, found));
      },
    });
    this.#workers.set(spec.id, worker);
    await worker.set(spec);
    if (this.#isBegun) worker.begin();
  }

  #contextOf(id: InstanceId, found: Found | undefined): MemberContext {
    const dependenciesOf = () => this.#workers.get(id.worker)?.spec.dependencies ?? [];
    return {
      found,
      dependencies: (scope) => this.#conditions.met(id.worker, dependenciesOf, scope),
      blockers: () => this.#conditions.blockers(dependenciesOf()),
      tell: (name, fact) => {
        const labels = this.#workers.get(id.worker)?.spec.labels ?? {};
        this.#events.emit(name, { ...fact, id, labels } as SupervisorEvents[typeof name]);
      },
      onMoved: (from, to) => {
        this.#conditions.changed(id.worker);
        if (isUp(from) && !isUp(to)) this.#goneDown(id.worker);
        // Its specification may have changed while it was being started.
        if (from.kind === 'launching') this.#workers.get(id.worker)?.renew();
      },
    };
  }

  /** Others may have to go, or to begin anew, with one that is not up any more. */
  #goneDown(worker: string): void {
    if (this.#closing !== undefined) return;
    const isUpStill = this.#workers.get(worker)?.states.some(isUp) ?? false;
    if (isUpStill) return;
    for (const [id, how] of this.#dependencies.cascadeOf(worker)) {
      const work = how === 'stop' ? this.#stopFor(id, this.#deps.scope) : this.#restartFor(id);
      work.catch((error: unknown) => this.#troubled('it could not follow what it depends on', id, error));
    }
  }

  async #stopFor(id: string, scope: Scope): Promise<void> {
    const members = this.#workers.get(id)?.members ?? [];
    await all(members.filter(isActive).map((member) => member.stop('dependency', scope)));
  }

  async #restartFor(id: string): Promise<void> {
    const members = this.#workers.get(id)?.members ?? [];
    await all(
      members.filter(({ state }) => isUp(state)).map((member) => member.restart('dependency', this.#deps.scope)),
    );
  }

  get #dependencies(): DependencyGraph {
    this.#graph ??= new DependencyGraph([...this.#workers.values()].map(({ spec }) => spec));
    return this.#graph;
  }

  /** Each when all that depend on it, of these, are down. */
  async #stopInOrder(ids: readonly string[], cause: 'by_request' | 'shutdown', scope: Scope): Promise<void> {
    const wanted = new Set(ids.filter((id) => this.#workers.has(id)));
    const specs = [...wanted].flatMap((id) => this.#workers.get(id)?.spec ?? []);
    const dependants = new Map<string, string[]>();
    for (const { id, dependencies } of specs) {
      for (const { worker } of dependencies) {
        const known = dependants.get(worker);
        if (known === undefined) dependants.set(worker, [id]);
        else known.push(id);
      }
    }
    const down = new Map<string, Promise<unknown>>();
    for (const id of new DependencyGraph(specs).stopWaves().flat()) {
      const before = (dependants.get(id) ?? []).flatMap((each) => down.get(each)?.catch(() => {}) ?? []);
      down.set(
        id,
        Promise.all(before).then(() => {
          const members = this.#workers.get(id)?.members ?? [];
          const concerned = cause === 'shutdown' ? members.filter(isActive) : members;
          return all(concerned.map((member) => member.stop(cause, scope)));
        }),
      );
    }
    await all([...down.values()]);
  }

  /** What is left of a worker that there is no more. */
  async #clear({ instance }: Found): Promise<void> {
    const { scope, log } = this.#deps;
    log.warn('an instance of no worker is ended', { worker: nameOf(instance) });
    const keeper = this.#parts?.host.keeper(instance);
    try {
      await keeper?.kill(scope);
      await keeper?.retire(scope);
    } catch (error) {
      this.#troubled('an instance of no worker could not be ended', nameOf(instance), error);
    } finally {
      await keeper?.[Symbol.asyncDispose]();
    }
  }

  #known(id: string): Worker {
    const worker = this.#workers.get(id);
    if (worker === undefined) throw workerError('WORKER_NOT_FOUND', { details: { id } });
    return worker;
  }

  #select({ worker, instance }: WorkerTarget): readonly Member[] {
    return this.#known(worker).select(instance);
  }

  #troubled(what: string, worker: string, error: unknown): void {
    if (!this.#deps.scope.signal.aborted) this.#deps.log.warn(what, { worker, reason: String(error) });
  }
}

function isUp({ kind }: InstanceState): boolean {
  return kind === 'probing' || kind === 'running' || kind === 'ready';
}

/** Whether there is something to take down. */
function isActive({ state }: Member): boolean {
  return state.kind !== 'idle' && state.kind !== 'failed' && (state.kind !== 'unknown' || runOf(state) !== undefined);
}

/** All are tried to the end; the first failure is raised then. */
async function all(work: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((each) => each.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
