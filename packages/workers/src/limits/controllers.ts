import type { CgroupHierarchy } from '../cgroup/contract.ts';

/** Names of v2; `blkio` of v1 is `io` here. `cpuacct` only counts, and only v1 has it apart. */
export type ControllerName = 'cpu' | 'cpuacct' | 'io' | 'memory' | 'pids';

/** Where groups of one controller are made. */
export interface Controller {
  readonly version: 1 | 2;
  readonly directory: string;
  /** `cgroup v1 memory` */
  readonly title: string;
}

export type Controllers = ReadonlyMap<ControllerName, Controller>;

export const LEGACY_NAMES = {
  cpu: 'cpu',
  cpuacct: 'cpuacct',
  io: 'blkio',
  memory: 'memory',
  pids: 'pids',
} as const satisfies Record<ControllerName, string>;

const NAMES = Object.keys(LEGACY_NAMES) as readonly ControllerName[];

/** A controller is in one of the two trees, never in both: cgroups(7). */
export function controllersOf({ unified, legacy }: CgroupHierarchy): Controllers {
  const controllers = new Map<ControllerName, Controller>();
  for (const name of NAMES) {
    const legacyName = LEGACY_NAMES[name];
    const directory = legacy.get(legacyName);
    if (unified?.controllers.includes(name) === true) {
      controllers.set(name, { version: 2, directory: unified.directory, title: `cgroup v2 ${name}` });
    } else if (directory !== undefined) {
      controllers.set(name, { version: 1, directory, title: `cgroup v1 ${legacyName}` });
    }
  }
  return controllers;
}

/** A file of a group, and what is written to it. */
interface Setting {
  readonly file: string;
  readonly text: string;
}

/** How a limit is put into a group, and out of it again. Both in order. */
export interface GroupSetting {
  readonly controller: ControllerName;
  readonly set: readonly Setting[];
  readonly unset: readonly Setting[];
}

const UNLIMITED = { 1: '-1', 2: 'max' } as const;
/** Length of the window in which processor time is rationed, µs; the kernel's default. */
const QUOTA_PERIOD_US = 100_000;
/** Below it the kernel refuses. */
const QUOTA_MIN_US = 1_000;

/** Where it is killed for want of memory. */
export function memoryMax(version: 1 | 2, bytes: number): GroupSetting {
  const file = version === 2 ? 'memory.max' : 'memory.limit_in_bytes';
  return {
    controller: 'memory',
    set: [{ file, text: String(bytes) }],
    unset: [{ file, text: UNLIMITED[version] }],
  };
}

/** From where on it is slowed down and its memory reclaimed; v2 only. */
export function memoryHigh(bytes: number, maxBytes: number): GroupSetting {
  const max = memoryMax(2, maxBytes);
  return {
    controller: 'memory',
    set: [{ file: 'memory.high', text: String(bytes) }, ...max.set],
    unset: [{ file: 'memory.high', text: UNLIMITED[2] }, ...max.unset],
  };
}

/** v1 bounds memory and swap together, and never below the bound of memory alone. */
export function swapMax(version: 1 | 2, bytes: number, memoryBytes: number): GroupSetting {
  const file = version === 2 ? 'memory.swap.max' : 'memory.memsw.limit_in_bytes';
  const text = String(version === 2 ? bytes : bytes + memoryBytes);
  return { controller: 'memory', set: [{ file, text }], unset: [{ file, text: UNLIMITED[version] }] };
}

/** Processor time, in percent of one core. */
export function cpuQuota(version: 1 | 2, percent: number): GroupSetting {
  const quota = Math.max(Math.ceil((percent / 100) * QUOTA_PERIOD_US), QUOTA_MIN_US);
  if (version === 2) {
    const file = 'cpu.max';
    return {
      controller: 'cpu',
      set: [{ file, text: `${quota} ${QUOTA_PERIOD_US}` }],
      unset: [{ file, text: `${UNLIMITED[2]} ${QUOTA_PERIOD_US}` }],
    };
  }
  const file = 'cpu.cfs_quota_us';
  return {
    controller: 'cpu',
    set: [
      { file: 'cpu.cfs_period_us', text: String(QUOTA_PERIOD_US) },
      { file, text: String(quota) },
    ],
    unset: [{ file, text: UNLIMITED[1] }],
  };
}

/** 1 … 10000, of which 100 is usual, as v2 has it; v1 counts in 1024ths of it. */
export function cpuWeight(version: 1 | 2, weight: number): GroupSetting {
  const file = version === 2 ? 'cpu.weight' : 'cpu.shares';
  const textOf = (each: number): string => String(version === 2 ? each : Math.max(Math.round(each * 10.24), 2));
  return {
    controller: 'cpu',
    set: [{ file, text: textOf(weight) }],
    unset: [{ file, text: textOf(100) }],
  };
}

export function pidsMax(count: number): GroupSetting {
  const file = 'pids.max';
  return { controller: 'pids', set: [{ file, text: String(count) }], unset: [{ file, text: UNLIMITED[2] }] };
}

export const IO_RATES = ['rbps', 'wbps', 'riops', 'wiops'] as const;
export type IoRate = (typeof IO_RATES)[number];

const LEGACY_IO_FILES = {
  rbps: 'blkio.throttle.read_bps_device',
  wbps: 'blkio.throttle.write_bps_device',
  riops: 'blkio.throttle.read_iops_device',
  wiops: 'blkio.throttle.write_iops_device',
} as const satisfies Record<IoRate, string>;

/** `device`: `major:minor` of a whole disk. */
export function ioMax(version: 1 | 2, rate: IoRate, value: number, device: string): GroupSetting {
  const one = (file: string, set: string, unset: string): GroupSetting => ({
    controller: 'io',
    set: [{ file, text: set }],
    unset: [{ file, text: unset }],
  });
  return version === 2
    ? one('io.max', `${device} ${rate}=${value}`, `${device} ${rate}=max`)
    : one(LEGACY_IO_FILES[rate], `${device} ${value}`, `${device} 0`);
}
