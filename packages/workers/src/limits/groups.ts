import { join } from 'node:path';
import {
  type Controller,
  type ControllerName,
  type Controllers,
  type GroupSetting,
  LEGACY_NAMES,
} from './controllers.ts';
import { codeOf, type KernelFiles, readIfThere } from './kernelFiles.ts';

/** What the kernel counts for all that ever was in a group, over all runs of the instance. Null: not counted here. */
export interface GroupUsage {
  readonly rssBytes: number | null;
  readonly swapBytes: number | null;
  readonly cpuTimeMs: number | null;
  readonly io: IoUsage | null;
}

export interface IoUsage {
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly readOps: number;
  readonly writeOps: number;
}

/** The control groups of one instance: one in each tree that has a controller which it needs, and no more. */
export class InstanceGroups {
  readonly #name: string;
  readonly #controllers: Controllers;
  readonly #files: KernelFiles;
  /** Directories of those that are there. */
  readonly #open = new Map<ControllerName, string>();
  /** Those that the next run joins. */
  readonly #needed = new Set<ControllerName>();

  constructor(name: string, controllers: Controllers, files: KernelFiles) {
    this.#name = name;
    this.#controllers = controllers;
    this.#files = files;
  }

  /** What a program joins before it begins, each tree once. */
  get joinFiles(): readonly string[] {
    const directories = [...this.#needed].flatMap((name) => this.#open.get(name) ?? []);
    return [...new Set(directories)].map((directory) => join(directory, 'cgroup.procs'));
  }

  get isOpen(): boolean {
    return this.#open.size > 0;
  }

  has(controller: ControllerName): boolean {
    return this.#open.has(controller);
  }

  /** Takes over what an earlier supervisor has left, and tells of which controllers there is something. */
  adopt(): readonly ControllerName[] {
    for (const [name, { directory }] of this.#controllers) {
      const own = join(directory, this.#name);
      if (readIfThere(this.#files, join(own, 'cgroup.procs')) !== undefined) this.#open.set(name, own);
    }
    return [...this.#open.keys()];
  }

  /** Makes the group where it is missing, for the next run to join. Gives the reason why it cannot. */
  async open(name: ControllerName): Promise<string | undefined> {
    const controller = this.#controllers.get(name);
    if (controller === undefined) return `no ${name} controller`;
    const directory = join(controller.directory, this.#name);
    try {
      if (!this.#open.has(name)) await this.#files.makeDirectory(directory);
    } catch (error) {
      return `${controller.title}: ${codeOf(error) ?? String(error)}`;
    }
    this.#open.set(name, directory);
    this.#needed.add(name);
    return undefined;
  }

  /** Gives the reason why it could not be set; what was set of it until then is taken back. */
  async set(setting: GroupSetting): Promise<string | undefined> {
    const reason = (await this.open(setting.controller)) ?? (await this.#write(setting.controller, setting.set));
    if (reason !== undefined) await this.unset(setting);
    return reason;
  }

  async unset(setting: GroupSetting): Promise<string | undefined> {
    return this.has(setting.controller) ? this.#write(setting.controller, setting.unset) : undefined;
  }

  /** Undefined when there is no group to ask. */
  pids(): readonly number[] | undefined {
    const directory = this.#open.values().next().value;
    if (directory === undefined) return undefined;
    const text = readIfThere(this.#files, join(directory, 'cgroup.procs'));
    return text?.split('\n').filter(Boolean).map(Number);
  }

  /** `membership`: `/proc/PID/cgroup` of the process. */
  isMember(name: ControllerName, membership: string): boolean {
    const key = this.#version(name) === 2 ? '' : LEGACY_NAMES[name];
    return membership.split('\n').some((line) => {
      const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
      return controllers?.split(',').includes(key) === true && path?.endsWith(`/${this.#name}`) === true;
    });
  }

  usage(): GroupUsage {
    return { ...this.#memory(), cpuTimeMs: this.#cpuTimeMs(), io: this.#io() };
  }

  /** How often the kernel has killed a process of it for want of memory. */
  oomKills(): number {
    const isV2 = this.#version('memory') === 2;
    return fieldOf(this.#read('memory', isV2 ? 'memory.events' : 'memory.oom_control'), 'oom_kill') ?? 0;
  }

  /** Removes all of them, of earlier supervisors too. Tells which are still in use. */
  async remove(): Promise<readonly string[]> {
    const busy: string[] = [];
    const directories = [...this.#controllers.values()].map((each) => join(each.directory, this.#name));
    for (const directory of new Set(directories)) {
      try {
        await this.#files.removeDirectory(directory);
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') busy.push(directory);
      }
    }
    this.#open.clear();
    this.#needed.clear();
    return busy;
  }

  async #write(name: ControllerName, settings: GroupSetting['set']): Promise<string | undefined> {
    const directory = this.#open.get(name);
    if (directory === undefined) return `no ${name} controller`;
    for (const { file, text } of settings) {
      try {
        await this.#files.write(join(directory, file), text);
      } catch (error) {
        return `${file}: ${codeOf(error) ?? String(error)}`;
      }
    }
    return undefined;
  }

  #memory(): Pick<GroupUsage, 'rssBytes' | 'swapBytes'> {
    const stat = this.#read('memory', 'memory.stat');
    if (stat === undefined) return { rssBytes: null, swapBytes: null };
    // The group is charged with its page cache as well, which is given up under pressure and is no one's resident set.
    const sum = (one: string, other: string): number => (fieldOf(stat, one) ?? 0) + (fieldOf(stat, other) ?? 0);
    if (this.#version('memory') === 1) {
      return { rssBytes: sum('total_rss', 'total_mapped_file'), swapBytes: fieldOf(stat, 'total_swap') ?? null };
    }
    const swap = this.#read('memory', 'memory.swap.current');
    return { rssBytes: sum('anon', 'file_mapped'), swapBytes: swap === undefined ? null : Number(swap) };
  }

  #cpuTimeMs(): number | null {
    if (this.#version('cpu') === 2) {
      const micros = fieldOf(this.#read('cpu', 'cpu.stat'), 'usage_usec');
      return micros === undefined ? null : micros / 1_000;
    }
    const nanos = this.#read('cpuacct', 'cpuacct.usage');
    return nanos === undefined ? null : Number(nanos) / 1_000_000;
  }

  #io(): IoUsage | null {
    if (this.#version('io') === 2) {
      const text = this.#read('io', 'io.stat');
      if (text === undefined) return null;
      const sum = (key: string): number =>
        [...text.matchAll(new RegExp(`\\b${key}=(\\d+)`, 'g'))].reduce((total, [, each]) => total + Number(each), 0);
      return { readBytes: sum('rbytes'), writeBytes: sum('wbytes'), readOps: sum('rios'), writeOps: sum('wios') };
    }
    const bytes = this.#read('io', 'blkio.throttle.io_service_bytes_recursive');
    const ops = this.#read('io', 'blkio.throttle.io_serviced_recursive');
    if (bytes === undefined || ops === undefined) return null;
    return {
      readBytes: sumOf(bytes, 'Read'),
      writeBytes: sumOf(bytes, 'Write'),
      readOps: sumOf(ops, 'Read'),
      writeOps: sumOf(ops, 'Write'),
    };
  }

  #version(name: ControllerName): Controller['version'] | undefined {
    return this.#controllers.get(name)?.version;
  }

  #read(name: ControllerName, file: string): string | undefined {
    const directory = this.#open.get(name);
    return directory === undefined ? undefined : readIfThere(this.#files, join(directory, file));
  }
}

/** Of lines of a name and a number. */
function fieldOf(text: string | undefined, name: string): number | undefined {
  const at = `\n${text}`.indexOf(`\n${name} `);
  return text === undefined || at === -1 ? undefined : Number.parseInt(text.slice(at + name.length + 1), 10);
}

/** Lines of device, kind and number, over all devices. */
function sumOf(text: string, kind: string): number {
  let total = 0;
  for (const line of text.split('\n')) {
    const [, name, value] = line.split(' ');
    if (name === kind) total += Number(value);
  }
  return total;
}
