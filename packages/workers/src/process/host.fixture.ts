import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Clock, createScope, silentLogger, systemClock } from '@roundhouse/core';
import type { CgroupHierarchy } from '../cgroup/contract.ts';
import { removeCgroups } from '../cgroup/hierarchy.ts';
import { kernelFiles } from '../limits/kernelFiles.ts';
import type { Exit, Found, Keeper, Launch, ProcessHost } from './contract.ts';
import { createProcessHost } from './host.ts';

export const NO_GROUPS: CgroupHierarchy = { unified: undefined, legacy: new Map() };

/** A launch of a command, with nothing that it need not have. */
export function launchOf(command: readonly [string, ...string[]], changes: Partial<Launch> = {}): Launch {
  return {
    command,
    workingDirectory: '/',
    environment: { PATH: '/usr/bin:/bin' },
    secretFiles: {},
    user: undefined,
    umask: 0o022,
    nice: undefined,
    oomScoreAdjust: undefined,
    keepCapabilities: undefined,
    hasNoNewPrivileges: false,
    cgroups: [],
    rlimits: {},
    logFiles: undefined,
    sockets: [],
    ...changes,
  };
}

const MASTER = fileURLToPath(new URL('./masterProcess.ts', import.meta.url));

/** A run directory with the supervisors that come and go in it; what was started ends with it. */
export class Bed {
  readonly directory: string;
  readonly scope = createScope({ timeoutMs: 50_000 });
  readonly #hierarchy: CgroupHierarchy;
  readonly #logDaemon: readonly string[] | undefined;
  readonly #hosts: ProcessHost[] = [];
  #isMounted = false;

  private constructor(directory: string, hierarchy: CgroupHierarchy, logDaemon: readonly string[] | undefined) {
    this.directory = directory;
    this.#hierarchy = hierarchy;
    this.#logDaemon = logDaemon;
  }

  static async make(hierarchy = NO_GROUPS, hasLogDaemon = false): Promise<Bed> {
    const directory = await mkdtemp(join(tmpdir(), 'roundhouse-process-'));
    // Programs of other users go through it.
    await chmod(directory, 0o755);
    return new Bed(directory, hierarchy, hasLogDaemon ? ['tail', '-f', join(directory, 'run/lock')] : undefined);
  }

  get run(): string {
    return join(this.directory, 'run');
  }

  /** Mounts a file system of memory as the run directory; `remount,ro` and the like change it. */
  async mount(options: string): Promise<void> {
    await mkdir(this.run, { recursive: true });
    const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', this.run], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
    this.#isMounted = true;
  }

  async open(clock: Clock = systemClock): Promise<{ readonly host: ProcessHost; readonly found: readonly Found[] }> {
    const host = createProcessHost(
      { directory: this.run, logDaemon: this.#logDaemon, hierarchy: this.#hierarchy },
      { clock, log: silentLogger },
    );
    this.#hosts.push(host);
    return { host, found: await host.open(this.scope) };
  }

  /** A supervisor of a process of its own, which has started so many programs when `pids` is there. */
  async master(
    count: number,
    { user, changes = {} }: { readonly user?: Launch['user']; readonly changes?: Partial<Launch> } = {},
  ): Promise<{ readonly pid: number | undefined; readonly pids: Promise<readonly number[]>; kill(): Promise<void> }> {
    if (user !== undefined) await chown(this.directory, user.uid, user.gid);
    const child = spawn(
      process.execPath,
      ['--conditions=source', '--no-warnings', MASTER, this.run, String(count), JSON.stringify(changes)],
      { stdio: ['ignore', 'pipe', 'inherit'], ...(user !== undefined && { uid: user.uid, gid: user.gid }) },
    );
    const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const all = this.until(() => {
      if (child.exitCode !== null) throw new Error(`the supervisor has ended: ${text}`);
      return text.endsWith('all\n');
    });
    return {
      pid: child.pid,
      pids: all.then(() => text.split('\n').map(Number).filter(Boolean)),
      kill() {
        child.kill('SIGKILL');
        return ended;
      },
    };
  }

  /** Processes whose command line has this in it. */
  having(text: string): readonly number[] {
    return pidsWhere((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').includes(text));
  }

  shims(): readonly number[] {
    return [...this.having(`shim.sh ${this.run}/`), ...this.having(`spawner.sh ${this.run} `).filter(isNamedShim)];
  }

  /** With the keeper of the log daemon. */
  spawners(): readonly number[] {
    return this.having(`spawner.sh ${this.run} `).filter((pid) => !isNamedShim(pid));
  }

  logDaemons(): readonly number[] {
    return this.having(`tail -f ${this.run}/lock`);
  }

  /** Programs that were started in it. */
  programs(): readonly number[] {
    const ours = `RUN_DIRECTORY=${this.run}`;
    return pidsWhere((pid) => readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(ours));
  }

  /** A launch that {@link programs} finds. */
  launch(command: readonly [string, ...string[]], changes: Partial<Launch> = {}): Launch {
    return launchOf(command, {
      ...changes,
      environment: { PATH: '/usr/bin:/bin', RUN_DIRECTORY: this.run, ...changes.environment },
    });
  }

  get sleeper(): Launch {
    return this.launch(['sleep', '1000']);
  }

  async until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await isTrue())) await this.scope.sleep(5);
  }

  async end(): Promise<void> {
    for (const host of this.#hosts) await host[Symbol.asyncDispose]();
    const left = (): readonly number[] => [...this.having(this.run), ...this.programs()];
    await this.until(() => {
      for (const pid of left()) kill(pid);
      return left().length === 0;
    });
    // What ends is in its group for a moment after its command line is gone.
    await this.until(() => removeCgroups(this.#hierarchy, kernelFiles));
    this.scope.end();
    if (this.#isMounted) spawnSync('umount', ['--lazy', this.run]);
    await rm(this.directory, { recursive: true, force: true });
  }
}

export function exitOf(keeper: Keeper): Promise<Exit> {
  return new Promise((resolve) => keeper.on('exited', resolve));
}

export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

/** A shim is a fork of its spawner, by another name. */
function isNamedShim(pid: number | string): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1').startsWith('rh:');
  } catch {
    return false;
  }
}

function pidsWhere(isWanted: (pid: string) => boolean): readonly number[] {
  const pids = readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && Number(name) !== process.pid && isWanted(name);
    } catch {
      return false;
    }
  });
  return pids.map(Number);
}
