import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkerInput } from '@roundhouse/api';
import { type Clock, createScope, type LogFields, type Logger, type Scope, systemClock } from '@roundhouse/core';
import { findCgroups } from '../cgroup/hierarchy.ts';
import { specOf } from '../spec/spec.fixture.ts';
import type { InstanceStatus, Supervisor, SupervisorEvents } from './contract.ts';
import { createSupervisor, tagOf } from './create.ts';

const DEADLINE_MS = 30_000;
const NAMES = ['moved', 'exited', 'adopted', 'probed', 'violated', 'recovered'] as const;

/** What was told, by name. */
type Told = { readonly [K in (typeof NAMES)[number]]: SupervisorEvents[K][] };

export interface SiteProcess {
  readonly pid: number;
  readonly state: string;
  readonly command: string;
  /** `comm`: by it a shim and the keeper of the log daemon are told from the spawner that they are forks of. */
  readonly title: string;
  readonly worker: string | undefined;
}

/** A supervisor with all its parts, in this process and directories of its own; what it starts ends with it. */
export class Site {
  readonly home = mkdtempSync(join(tmpdir(), 'rh-site-'));
  readonly scope: Scope = createScope({ timeoutMs: 300_000 });
  readonly told: Told = { moved: [], exited: [], adopted: [], probed: [], violated: [], recovered: [] };
  /** Warnings and errors of the log. */
  readonly logged: { readonly message: string; readonly fields: LogFields }[] = [];
  readonly #clock: Clock;
  #supervisor: Supervisor | undefined;
  #isMounted = false;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  get run(): string {
    return join(this.home, 'run');
  }

  get supervisor(): Supervisor {
    if (this.#supervisor === undefined) throw new Error('the site is not open');
    return this.#supervisor;
  }

  /** Mounts a file system of memory as the run directory; `remount,ro` and the like change it. */
  mount(options: string): void {
    mkdirSync(this.run, { recursive: true });
    const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', this.run]);
    if (status !== 0) throw new Error(stderr.toString());
    this.#isMounted = true;
  }

  /** The next supervisor, when the one before is closed. */
  async open(): Promise<void> {
    const note = (message: string, fields: LogFields = {}): void => void this.logged.push({ message, fields });
    const log: Logger = { debug() {}, info() {}, warn: note, error: note, child: () => log };
    const supervisor = createSupervisor(
      { directory: this.run, logDirectory: join(this.home, 'logs'), dataDirectory: join(this.home, 'data'), cores: 2 },
      {
        clock: this.#clock,
        log,
        random: () => 0.5,
        environment: process.env,
        secrets: () => Promise.reject(new Error('there are no secrets')),
        endpointProbe: () => undefined,
        urlProbe: { kind: 'url', check: () => Promise.reject(new Error('no URLs')) },
      },
    );
    this.#supervisor = supervisor;
    for (const name of NAMES) supervisor.on(name, (fact) => void (this.told[name] as unknown[]).push(fact));
    await supervisor.open(this.scope);
  }

  /** Opens with these, and begins. */
  async begin(...workers: readonly (Partial<WorkerInput> & { readonly id: string })[]): Promise<void> {
    await this.open();
    for (const worker of workers) await this.set(worker);
    await this.supervisor.begin();
  }

  async set(worker: Partial<WorkerInput> & { readonly id: string }): Promise<void> {
    await this.supervisor.set(specOf(worker));
  }

  /** Of its first instance. */
  status(worker: string, number = 0): InstanceStatus {
    const status = this.supervisor.find(worker)?.instances.find(({ id }) => id.number === number);
    if (status === undefined) throw new Error(`there is no ${worker}/${number}`);
    return status;
  }

  state(worker: string, number = 0): string {
    const { state, reason } = this.status(worker, number);
    return `${state} ${reason}`;
  }

  pid(worker: string, number = 0): number {
    return this.status(worker, number).process?.pid ?? Number.NaN;
  }

  async until(what: string, holds: () => boolean | Promise<boolean>, ms = DEADLINE_MS): Promise<void> {
    using scope = this.scope.child({ what, timeoutMs: ms });
    while (!(await holds())) await scope.sleep(10);
  }

  untilState(worker: string, state: string): Promise<void> {
    return this.until(`${worker} to be ${state}`, () => this.state(worker) === state).catch((error: unknown) => {
      throw new Error(`${worker} is ${this.state(worker)}, not ${state}`, { cause: error });
    });
  }

  /** What it wrote is kept by another process, in its own time. */
  async untilOutput(worker: string, text: string): Promise<void> {
    await this.until(`the output of ${worker}`, () => this.output(worker).toString() === text).catch(
      (error: unknown) => {
        throw new Error(`${worker} has written ${JSON.stringify(this.output(worker).toString())}`, { cause: error });
      },
    );
  }

  /** All that it has written to stdout, as it was. */
  output(worker: string, number = 0): Buffer {
    const path = join(this.home, 'logs', worker, String(number), 'stdout.log');
    return existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  }

  /** Programs of workers that are to be told by a variable, and all processes that have the home among their arguments. */
  processes(): readonly SiteProcess[] {
    return readdirSync('/proc').flatMap((name) => {
      if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
      try {
        const environment = readFileSync(`/proc/${name}/environ`, 'latin1').split('\0');
        const command = readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ');
        const worker = environment.find((each) => each.startsWith('ROUNDHOUSE_WORKER='))?.split('=')[1];
        const isOurs = environment.includes(`SITE=${this.home}`) || command.includes(this.home);
        if (!isOurs) return [];
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
        const title = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
        return [{ pid: Number(name), state: stat[stat.lastIndexOf(')') + 2] ?? '', command, title, worker }];
      } catch {
        return [];
      }
    });
  }

  /** Environment by which {@link processes} finds a program. */
  get mark(): Readonly<Record<string, string>> {
    return { SITE: this.home };
  }

  async end(): Promise<void> {
    if (this.#isMounted) spawnSync('mount', ['-o', 'remount,rw', this.run]);
    await this.#supervisor?.close('stop', this.scope).catch(() => {});
    for (const { pid } of this.processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
    }
    this.scope.end();
    await this.#removeGroups();
    if (this.#isMounted) spawnSync('umount', ['--lazy', this.run]);
    rmSync(this.home, { recursive: true, force: true });
  }

  async #removeGroups(): Promise<void> {
    const { unified, legacy } = await findCgroups(tagOf(this.run));
    const directories = new Set([...legacy.values(), ...(unified === undefined ? [] : [unified.directory])]);
    for (const directory of directories) {
      const below = readdirSync(directory, { withFileTypes: true }).filter((each) => each.isDirectory());
      try {
        for (const { name } of below) rmdirSync(join(directory, name));
        rmdirSync(directory);
      } catch {
        // Something of it is still ending.
      }
    }
  }
}
