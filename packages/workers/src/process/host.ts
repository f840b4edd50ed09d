import { randomBytes } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Clock, Logger, Scope } from '@roundhouse/core';
import { type CgroupHierarchy, groupNameOf } from '../cgroup/contract.ts';
import { removeCgroups, restoreCgroups } from '../cgroup/hierarchy.ts';
import { GroupTree } from '../cgroup/tree.ts';
import { type InstanceId, nameOf } from '../instance/id.ts';
import { codeOf, type KernelFiles, kernelFiles, readIfThere } from '../limits/kernelFiles.ts';
import type { Found, Keeper, Launch, ProcessHost } from './contract.ts';
import { execute } from './execute.ts';
import { FifoMaker } from './fifo.ts';
import { InstanceDirectory } from './instanceDirectory.ts';
import { InstanceKeeper } from './keeper.ts';
import { type Lock, takeLock } from './lock.ts';
import { Processes, sendSignal } from './processes.ts';
import { runDirectoryError } from './runDirectoryError.ts';
import { Spawner } from './spawner.ts';

/** Bytes of the token of a run: nobody else has it by chance. */
const TOKEN_BYTES = 12;
/** How often it is looked whether the log daemon has ended, ms. */
const ENDING_MS = 20;

export interface ProcessHostOptions {
  /** The run directory; made for its owner alone. */
  readonly directory: string;
  /** Arguments of the log daemon, which is kept alive; undefined for none. */
  readonly logDaemon: readonly string[] | undefined;
  readonly hierarchy: CgroupHierarchy;
}

export interface ProcessHostDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  readonly randomBytes?: (size: number) => Uint8Array;
  readonly files?: KernelFiles;
}

/**
 * The machine that programs run on: Linux, with dash or another sh, coreutils 8.31 and util-linux 2.33 or later. Nothing
 * is done before it is opened.
 */
export function createProcessHost(options: ProcessHostOptions, deps: ProcessHostDependencies): ProcessHost {
  return new LinuxHost({ ...options, directory: resolve(options.directory) }, deps);
}

class LinuxHost implements ProcessHost {
  readonly #options: ProcessHostOptions;
  readonly #deps: ProcessHostDependencies;
  readonly #files: KernelFiles;
  readonly #processes: Processes;
  readonly #fifos: FifoMaker;
  readonly #spawner: Spawner;
  readonly #keepers = new Map<string, InstanceKeeper>();
  #lock: Lock | undefined;

  constructor(options: ProcessHostOptions, deps: ProcessHostDependencies) {
    this.#options = options;
    this.#deps = deps;
    this.#files = deps.files ?? kernelFiles;
    this.#processes = new Processes(this.#files, deps.clock);
    this.#fifos = new FifoMaker(deps.clock);
    this.#spawner = new Spawner(options, { clock: deps.clock, log: deps.log, fifos: this.#fifos });
  }

  async open(scope: Scope): Promise<readonly Found[]> {
    const { directory } = this.#options;
    try {
      await mkdir(join(directory, 'workers'), { recursive: true, mode: 0o700 });
      const self = this.#processes.identify(process.pid);
      if (self === undefined) throw new Error('/proc cannot be read');
      this.#lock ??= await takeLock(directory, self);
      await restoreCgroups(this.#options.hierarchy, this.#files);
      await this.#spawner.open(scope);
      const instances = await this.#instances();
      return await scope.race(Promise.all(instances.map((instance) => this.#keep(instance).find())));
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw runDirectoryError(directory, error);
    }
  }

  keeper(instance: InstanceId): Keeper {
    return (this.#keepers.get(nameOf(instance)) ?? this.#keep(instance)).handOut();
  }

  execute(launch: Launch, scope: Scope): Promise<{ readonly code: number | null; readonly output: string }> {
    return execute(launch, { processes: this.#processes, newToken: () => this.#newToken() }, scope);
  }

  async shutdown(scope: Scope): Promise<void> {
    try {
      if (this.#lock !== undefined) await this.#putAway(scope);
    } finally {
      // What could not be put away is left to the next one, which has to be let in.
      await this[Symbol.asyncDispose]();
    }
  }

  async #putAway(scope: Scope): Promise<void> {
    // Keepers that are closed already have left their shims.
    const instances = await this.#instances();
    const keepers = instances.map((instance) => this.#keepers.get(nameOf(instance)) ?? this.#keep(instance));
    await scope.race(Promise.all(keepers.map((keeper) => keeper.find())));
    const idle = keepers.filter(({ run }) => run === undefined);
    await Promise.all(idle.map((keeper) => keeper.release(scope)));
    if (idle.length < keepers.length) return;
    await this.#spawner.end(scope);
    await this.#endLogDaemon(scope);
  }

  /** One whose keeper was killed is nobody's child, and has not heard that it is over. */
  async #endLogDaemon(scope: Scope): Promise<void> {
    const text = readIfThere(this.#files, join(this.#options.directory, 'logd', 'pid')) ?? '';
    const [, pid, startTime, bootId] = /^(\d+) (\d+) (\S+)/.exec(text) ?? [];
    if (bootId === undefined) return;
    const daemon = { pid: Number(pid), startTime: Number(startTime), bootId };
    while (this.#processes.isAlive(daemon)) {
      sendSignal(daemon.pid, 'SIGTERM');
      await scope.sleep(ENDING_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#spawner.close();
    for (const keeper of this.#keepers.values()) await keeper[Symbol.asyncDispose]();
    // While nobody else can have begun.
    if (this.#lock !== undefined) await this.#removeGroups();
    await this.#lock?.release();
    this.#lock = undefined;
  }

  /** Removes the control groups, unless something runs or is about to join them. */
  async #removeGroups(): Promise<void> {
    const { directory, hierarchy } = this.#options;
    try {
      for (const instance of await this.#instances()) {
        const { numbered } = await new InstanceDirectory(directory, instance).list();
        if (numbered.some(({ kind }) => kind === 'launch')) return;
      }
      await removeCgroups(hierarchy, this.#files);
    } catch (error) {
      this.#deps.log.warn('the control groups are left', { error });
    }
  }

  #instances(): Promise<readonly InstanceId[]> {
    return instancesIn(join(this.#options.directory, 'workers'));
  }

  #keep(instance: InstanceId): InstanceKeeper {
    const name = nameOf(instance);
    const { unified } = this.#options.hierarchy;
    const keeper = new InstanceKeeper(this.#options.directory, instance, {
      clock: this.#deps.clock,
      log: this.#deps.log,
      processes: this.#processes,
      fifos: this.#fifos,
      spawner: this.#spawner,
      group: unified && new GroupTree(join(unified.directory, groupNameOf(instance)), this.#files),
      newToken: () => this.#newToken(),
      onClose: () => this.#keepers.delete(name),
    });
    this.#keepers.set(name, keeper);
    return keeper;
  }

  #newToken(): string {
    return Buffer.from((this.#deps.randomBytes ?? randomBytes)(TOKEN_BYTES)).toString('hex');
  }
}

async function instancesIn(directory: string): Promise<readonly InstanceId[]> {
  const instances: InstanceId[] = [];
  for (const worker of await readdir(directory)) {
    let names: readonly string[];
    try {
      names = await readdir(join(directory, worker));
    } catch (error) {
      if (codeOf(error) !== 'ENOTDIR') throw error;
      continue;
    }
    for (const name of names) if (/^\d+$/.test(name)) instances.push({ worker, number: Number(name) });
  }
  return instances;
}
