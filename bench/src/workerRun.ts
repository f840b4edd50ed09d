import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createScope } from '@roundhouse/core';
import { cpuTimeUs } from './cpuTime.ts';
import { argumentsOf, pids, proportionalKb } from './processTable.ts';
import type { Invocation, WorkerManager, WorkerProgram } from './workerManager.ts';

/** Longest wait for anything: 500 workers by the slowest manager on a busy machine. */
const TIMEOUT_MS = 120_000;
/** The last of what a manager has said that goes into an error. */
const SAID_CHARACTERS = 2_000;
/** Between two looks at `/proc`, which cost some milliseconds of CPU time each. */
const LOOK_MS = 20;

/** A manager with its workers, in a directory of its own. Closing ends all processes of it, whatever state they are in. */
export class WorkerRun implements AsyncDisposable {
  readonly directory: string;
  /** An argument that all its workers have, and nothing else on this machine. As a number of seconds it is a day. */
  readonly marker: string;
  readonly #manager: WorkerManager;
  readonly #log: string;
  #child: ChildProcess | undefined;

  /** `place`: where its directory is made. It stays there: ext4 makes new files slowly while many have just gone. */
  static async create(manager: WorkerManager, place: string): Promise<WorkerRun> {
    return new WorkerRun(manager, await mkdtemp(join(place, 'run-')));
  }

  private constructor(manager: WorkerManager, directory: string) {
    this.directory = directory;
    this.marker = `86400.${process.pid}${String(performance.now()).replaceAll(/\D/g, '')}`;
    this.#manager = manager;
    this.#log = join(directory, 'manager.log');
  }

  configure(workers: readonly WorkerProgram[]): Promise<void> {
    return this.#manager.configure(this.directory, workers);
  }

  /** Starts the manager; gives when that was, by `performance.now()`. */
  async start(): Promise<number> {
    const startedAt = performance.now();
    this.#child = await this.#invoke(this.#manager.start(this.directory));
    return startedAt;
  }

  /** Stops all workers, and waits until none is left; gives how long that took, ms. */
  async stop(): Promise<number> {
    const startedAt = performance.now();
    const { stop } = this.#manager;
    if (stop === undefined) process.kill(this.managerPid, 'SIGTERM');
    else await this.#invoke(stop(this.directory));
    await this.until('the stop of its workers', () => this.#workers().length === 0);
    const tookMs = performance.now() - startedAt;
    await this.until('its end', () => this.ownPids.length === 0);
    return tookMs;
  }

  /** Gives how long after `since` so many workers ran, ms. */
  async untilRunning(workers: number, since: number): Promise<number> {
    const running = new Set<number>();
    await this.until(`the start of ${workers} workers`, () => {
      for (const pid of pids()) if (!running.has(pid) && this.#isWorker(pid)) running.add(pid);
      return running.size >= workers;
    });
    return performance.now() - since;
  }

  /** Asks again and again; rejects after the longest wait with what the manager has said. */
  async until(what: string, isThere: () => boolean, lookMs = LOOK_MS): Promise<void> {
    using scope = createScope({ what: `${this.#manager.name}: ${what}`, timeoutMs: TIMEOUT_MS });
    try {
      while (!isThere()) await scope.sleep(lookMs);
    } catch (cause) {
      const said = await readFile(this.#log, 'utf8');
      throw new Error(`${(cause as Error).message}: ${said.slice(-SAID_CHARACTERS)}`, { cause });
    }
  }

  outputOf(worker: string): string {
    return this.#manager.outputOf(this.directory, worker);
  }

  get managerPid(): number {
    const { pidFile } = this.#manager;
    return pidFile === undefined
      ? (this.#child?.pid as number)
      : Number(readFileSync(pidFile(this.directory), 'utf8').trim());
  }

  get workerPids(): readonly number[] {
    return this.#workers();
  }

  /** All processes of the manager: what it has started to hold its workers counts, the workers do not. */
  get ownPids(): readonly number[] {
    return pids().filter((pid) => this.#isOwn(argumentsOf(pid)));
  }

  /** CPU time that these have used, µs. */
  get ownCpuUs(): number {
    return this.ownPids.reduce((sum, pid) => sum + cpuTimeUs(pid), 0);
  }

  get ownProportionalKb(): number {
    return this.ownPids.reduce((sum, pid) => sum + proportionalKb(pid), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.until('the end of all', () => {
      const left = [...this.ownPids, ...this.#workers()];
      for (const pid of left) kill(pid);
      return left.length === 0;
    });
  }

  #workers(): readonly number[] {
    return pids().filter((pid) => this.#isWorker(pid));
  }

  #isWorker(pid: number): boolean {
    return argumentsOf(pid).includes(this.marker);
  }

  #isOwn(args: readonly string[]): boolean {
    return !args.includes(this.marker) && args.some((arg) => arg.includes(this.directory));
  }

  /** Of its own session, as a service manager would have it: what ends the bench does not end it. */
  async #invoke({ command, args, environment }: Invocation): Promise<ChildProcess> {
    await using log = await open(this.#log, 'a');
    const child = spawn(command, args, {
      cwd: this.directory,
      env: { ...process.env, ...environment },
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    await once(child, 'spawn');
    return child;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was faster.
  }
}
