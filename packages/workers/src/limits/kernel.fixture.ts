import { dirname } from 'node:path';
import type { KernelFiles } from './kernelFiles.ts';

const MEMORY_V2 = {
  'memory.max': 'max',
  'memory.high': 'max',
  'memory.swap.max': 'max',
  'memory.swap.current': '0\n',
  'memory.stat': 'anon 0\nfile 0\nfile_mapped 0\n',
  'memory.events': 'low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n',
};

const UNIFIED_FILES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  cpu: { 'cpu.max': 'max 100000', 'cpu.weight': '100' },
  io: { 'io.max': '', 'io.stat': '' },
  memory: MEMORY_V2,
  pids: { 'pids.max': 'max' },
};

const LEGACY_FILES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  blkio: {
    'blkio.throttle.read_bps_device': '',
    'blkio.throttle.write_bps_device': '',
    'blkio.throttle.read_iops_device': '',
    'blkio.throttle.write_iops_device': '',
    'blkio.throttle.io_service_bytes_recursive': 'Total 0\n',
    'blkio.throttle.io_serviced_recursive': 'Total 0\n',
  },
  cpu: { 'cpu.cfs_period_us': '100000', 'cpu.cfs_quota_us': '-1', 'cpu.shares': '1024' },
  cpuacct: { 'cpuacct.usage': '0\n' },
  memory: {
    'memory.limit_in_bytes': '9223372036854771712',
    'memory.memsw.limit_in_bytes': '9223372036854771712',
    'memory.stat': 'rss 0\ntotal_rss 0\ntotal_mapped_file 0\ntotal_swap 0\n',
    'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 0\n',
  },
  pids: { 'pids.max': 'max' },
};

interface FakeProcess {
  readonly pid: number;
  readonly parent?: number;
  readonly session?: number;
  readonly startTime?: number;
  readonly state?: string;
  readonly cpuMs?: number;
  readonly threads?: number;
  readonly virtualBytes?: number;
  readonly rssBytes?: number;
}

/** A `/proc` and control groups of its own, in memory, that behave as the kernel's do as far as limits see of them. */
export class FakeKernel implements KernelFiles {
  readonly files = new Map<string, string>();
  readonly directories = new Set<string>();
  readonly links = new Map<string, string>();
  readonly devices = new Map<string, string>();
  /** Code that a write of the file, or anything below the directory, ends with. */
  readonly refusals = new Map<string, string>();
  readonly writes: string[] = [];
  reads = 0;

  constructor() {
    this.files.set('/proc/swaps', 'Filename Type Size Used Priority\n');
    this.files.set('/proc/self/status', 'Name:\tnode\nCapEff:\t000001ffffffffff\n');
    this.files.set('/proc/self/stat', '77 (node) S 1');
  }

  /** Mounts v2, with the controllers that the machine has for it; `own`: the group that this process is in. */
  withUnified(controllers: readonly string[], own = '/', mount = '/sys/fs/cgroup'): this {
    this.#mount('cgroup2', mount, '', own);
    this.#makeUnified(mount, controllers);
    let directory = mount;
    for (const part of own.split('/').filter(Boolean)) {
      // Whoever has made the group has handed on all that there is.
      this.files.set(`${directory}/cgroup.subtree_control`, controllers.join(' '));
      directory = `${directory}/${part}`;
      this.#makeUnified(directory, controllers);
    }
    this.files.set(`${directory}/cgroup.procs`, '77\n');
    return this;
  }

  withLegacy(controllers: readonly string[], own = '/'): this {
    for (const controller of controllers) {
      const mount = `/sys/fs/cgroup/${controller}`;
      this.#mount('cgroup', mount, controller, own);
      this.directories.add(mount);
      this.directories.add(own === '/' ? mount : `${mount}${own}`);
    }
    return this;
  }

  /** It is there, with what it takes. */
  run({
    pid,
    parent = 1,
    session = pid,
    startTime = pid * 10,
    state = 'S',
    cpuMs = 0,
    threads = 1,
    virtualBytes = 0,
    rssBytes = 0,
  }: FakeProcess): void {
    const fields = [state, parent, session, session, 0, -1, 0, 0, 0, 0, 0, cpuMs / 10, 0, 0, 0, 20, 0, threads, 0];
    this.directories.add(`/proc/${pid}`);
    this.files.set(
      `/proc/${pid}/stat`,
      `${pid} (a ) b) ${[...fields, startTime, virtualBytes, rssBytes / 4_096].join(' ')} 0`,
    );
  }

  end(pid: number): void {
    for (const path of this.files.keys()) if (path.startsWith(`/proc/${pid}/`)) this.files.delete(path);
    this.directories.delete(`/proc/${pid}`);
  }

  read(path: string): string {
    this.reads++;
    const text = this.files.get(path);
    if (text === undefined) throw failure('ENOENT', path);
    return text;
  }

  list(path: string): readonly string[] {
    const below = [...this.files.keys(), ...this.directories, ...this.links.keys()].filter((each) =>
      each.startsWith(`${path}/`),
    );
    if (below.length === 0) throw failure('ENOENT', path);
    return [...new Set(below.map((each) => each.slice(path.length + 1).split('/')[0] ?? ''))];
  }

  readLink(path: string): string {
    const target = this.links.get(path);
    if (target === undefined) throw failure('ENOENT', path);
    return target;
  }

  size(): number {
    return 0;
  }

  device(path: string): string {
    const device = this.devices.get(path);
    if (device === undefined) throw failure('ENOENT', path);
    return device;
  }

  write(path: string, text: string): Promise<void> {
    const code = this.#refusal(path) ?? (this.files.has(path) ? undefined : 'ENOENT');
    if (code !== undefined) return Promise.reject(failure(code, path));
    const directory = dirname(path);
    if (path.endsWith('/cgroup.subtree_control')) return this.#handOn(directory, text);
    if (path.endsWith('/cgroup.procs')) this.#move(directory, text);
    else if (this.#isUneven(path, text)) return Promise.reject(failure('EINVAL', path));
    else this.files.set(path, text);
    this.writes.push(`${path} ${text}`);
    return Promise.resolve();
  }

  makeDirectory(path: string): Promise<void> {
    const code = this.#refusal(path) ?? (this.directories.has(dirname(path)) ? undefined : 'ENOENT');
    if (code !== undefined) return Promise.reject(failure(code, path));
    if (this.directories.has(path)) return Promise.resolve();
    const parent = dirname(path);
    if (this.files.has(`${parent}/cgroup.subtree_control`)) {
      this.#makeUnified(path, words(this.files.get(`${parent}/cgroup.subtree_control`)));
    } else {
      const controller = /^\/sys\/fs\/cgroup\/(\w+)/.exec(path)?.[1] ?? '';
      this.#fill(path, { 'cgroup.procs': '', ...LEGACY_FILES[controller] });
    }
    return Promise.resolve();
  }

  removeDirectory(path: string): Promise<void> {
    if (!this.directories.has(path)) return Promise.reject(failure('ENOENT', path));
    const isBusy =
      this.files.get(`${path}/cgroup.procs`) !== '' || [...this.directories].some((each) => dirname(each) === path);
    if (isBusy) return Promise.reject(failure('EBUSY', path));
    this.directories.delete(path);
    for (const file of this.files.keys()) if (dirname(file) === path) this.files.delete(file);
    return Promise.resolve();
  }

  #mount(type: string, mount: string, options: string, own: string): void {
    const line = `31 23 0:28 / ${mount} rw,relatime shared:1 - ${type} ${type} rw,${options}\n`;
    this.files.set('/proc/self/mountinfo', (this.files.get('/proc/self/mountinfo') ?? '') + line);
    const group = `1:${type === 'cgroup2' ? '' : options}:${own}\n`;
    this.files.set('/proc/self/cgroup', (this.files.get('/proc/self/cgroup') ?? '') + group);
  }

  #makeUnified(directory: string, controllers: readonly string[]): void {
    this.#fill(directory, {
      'cgroup.procs': '',
      'cgroup.controllers': controllers.join(' '),
      'cgroup.subtree_control': '',
      'cpu.stat': 'usage_usec 0\n',
      ...Object.assign({}, ...controllers.map((each) => UNIFIED_FILES[each])),
    });
  }

  #fill(directory: string, files: Readonly<Record<string, string>>): void {
    this.directories.add(directory);
    for (const [name, text] of Object.entries(files)) this.files.set(`${directory}/${name}`, text);
  }

  /** cgroups(7): not while it has processes, unless it is the root; all that is below gets the files. */
  #handOn(directory: string, text: string): Promise<void> {
    const controller = text.slice(1);
    if (!words(this.files.get(`${directory}/cgroup.controllers`)).includes(controller)) {
      return Promise.reject(failure('ENOENT', directory));
    }
    const isRoot = !this.directories.has(dirname(directory));
    if (!isRoot && this.files.get(`${directory}/cgroup.procs`) !== '') {
      return Promise.reject(failure('EBUSY', directory));
    }
    const file = `${directory}/cgroup.subtree_control`;
    const present = [...words(this.files.get(file)), controller];
    this.files.set(file, present.join(' '));
    for (const each of [...this.directories].filter((below) => dirname(below) === directory)) {
      this.files.set(`${each}/cgroup.controllers`, present.join(' '));
      this.#fill(each, UNIFIED_FILES[controller] ?? {});
    }
    return Promise.resolve();
  }

  /** v1 keeps the bound of memory below that of memory and swap together. */
  #isUneven(path: string, text: string): boolean {
    const [directory, file] = [dirname(path), path.slice(dirname(path).length + 1)];
    const bound = (name: string): number => {
      const value = Number(file === name ? text : this.files.get(`${directory}/${name}`));
      return value === -1 ? Infinity : value;
    };
    return bound('memory.limit_in_bytes') > bound('memory.memsw.limit_in_bytes');
  }

  #move(directory: string, pid: string): void {
    const tree = /^\/sys\/fs\/cgroup\/(blkio|cpu|cpuacct|memory|pids)\//.exec(directory)?.[0] ?? '/sys/fs/cgroup';
    for (const [path, text] of this.files) {
      if (!path.startsWith(tree) || !path.endsWith('/cgroup.procs')) continue;
      this.files.set(
        path,
        text
          .split('\n')
          .filter((each) => each !== '' && each !== pid)
          .map((each) => `${each}\n`)
          .join(''),
      );
    }
    const file = `${directory}/cgroup.procs`;
    this.files.set(file, `${this.files.get(file) ?? ''}${pid}\n`);
  }

  #refusal(path: string): string | undefined {
    for (const [prefix, code] of this.refusals) {
      if (path === prefix || path.startsWith(`${prefix}/`)) return code;
    }
    return undefined;
  }
}

function words(text = ''): string[] {
  return text.split(/\s+/).filter(Boolean);
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
