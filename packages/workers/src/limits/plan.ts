import type { Limit, LimitName, LimitPolicy, LimitsSpec } from '../spec/spec.ts';
import {
  type ControllerName,
  type Controllers,
  cpuQuota,
  cpuWeight,
  type GroupSetting,
  IO_RATES,
  type IoRate,
  ioMax,
  memoryHigh,
  memoryMax,
  pidsMax,
  swapMax,
} from './controllers.ts';

/**
 * Who holds each limit, by its policy. A policy that lets the program end in order, or only tells of it, must not be
 * overtaken by a kernel that kills: the kernel then stands behind it at 125 %, the backstop. Where the kernel refuses,
 * and the program goes on with an error, it holds the limit whatever the policy. `none` leaves the kernel alone.
 *
 * | limit                    | held by the kernel                                | else                                     |
 * |--------------------------|---------------------------------------------------|------------------------------------------|
 * | `memory.max_rss`         | `immediate_kill`: killed there                    | watched, killed at 125 %; on v2 `throttle` slows it down from the limit on |
 * | `memory.max_swap`        | v2: swaps no more. v1: with `max_rss`, of which it is the rest | watched                     |
 * | `memory.max_virtual`     | `immediate_kill`: rlimit as, allocations fail     | watched: programs that reserve much and use little end at once under that rlimit |
 * | `cpu.max_percent`        | `throttle`: quota                                 | watched                                  |
 * | `cpu.max_time`           |                                                   | watched; `immediate_kill`: rlimit cpu for each process as well |
 * | `cpu.shares`             | weight                                            | unavailable                              |
 * | `io.max_*_rate`, `_ops`  | `throttle`: of the disk of the working directory  | watched                                  |
 * | `io.max_file_descriptors`| rlimit nofile: open(2) fails                      | watched                                  |
 * | `process.max_processes`  | pids: fork(2) fails                               | watched                                  |
 * | `network.max_connections`|                                                   | watched                                  |
 * | `storage.max_temporary`  |                                                   | watched                                  |
 * | `storage.max_logs`       |                                                   | watched                                  |
 * | `storage.max_file_size`  | rlimit fsize: write(2) fails, with SIGXFSZ        | unavailable                              |
 *
 * rlimit nproc is never set: it counts all processes of a user, whoever started them, and does not bind root.
 */
export interface Placement {
  readonly limit: LimitName;
  readonly value: number;
  readonly policy: LimitPolicy;
  readonly warnRatio: number;
  /** What holds it, in a control group. */
  readonly group: GroupSetting | undefined;
  readonly rlimit: Rlimit | undefined;
  /** Whether the kernel keeps to the value itself: else what it is given is a backstop. */
  readonly isExact: boolean;
  /** Whether samples are compared with it. */
  readonly isWatched: boolean;
  /** Why the kernel does not hold it, where it would. */
  readonly reason: string | undefined;
}

export interface Rlimit {
  /** As prlimit(1) has it. */
  readonly name: 'as' | 'cpu' | 'fsize' | 'nofile';
  readonly value: number;
}

/** What there is to hold limits with. */
export interface Means {
  readonly controllers: Controllers;
  /** `major:minor` of the disk of the working directory. */
  readonly device: string | undefined;
  /** The most that rlimit nofile may be raised to: Infinity for those who may do anything. */
  readonly maxDescriptors: number;
}

const BACKSTOP = 1.25;

/** What a limit can be held with; neither: it is watched. */
interface Hold {
  readonly group?: GroupSetting | undefined;
  readonly rlimit?: Rlimit | undefined;
  readonly isExact?: boolean;
  readonly reason?: string | undefined;
}

/** In the order in which they are set: swap after the memory that it depends on. */
export function planLimits(limits: LimitsSpec, means: Means): readonly Placement[] {
  return LIMIT_ORDER.flatMap((name) => {
    const limit = limits[name];
    if (limit === undefined) return [];
    const { group, rlimit, isExact = true, reason } = limit.policy === 'none' ? {} : HOLDS[name](limit, means, limits);
    const isHeld = group !== undefined || rlimit !== undefined;
    const isWatched = !UNWATCHABLE.includes(name);
    return { limit: name, ...limit, group, rlimit, isExact: isHeld && isExact, isWatched, reason };
  });
}

/** Everything that a limit may have set in the group of a controller: what an earlier supervisor may have left there. */
export function settingsLeft(name: ControllerName, { controllers, device }: Means): readonly GroupSetting[] {
  const version = controllers.get(name)?.version;
  if (version === undefined) return [];
  const swap = swapMax(version, 0, 0);
  const left: Readonly<Record<ControllerName, readonly GroupSetting[]>> = {
    cpu: [cpuQuota(version, 100), cpuWeight(version, 100)],
    cpuacct: [],
    io: device === undefined ? [] : IO_RATES.map((rate) => ioMax(version, rate, 0, device)),
    memory: [swap, version === 2 ? memoryHigh(0, 0) : memoryMax(version, 0)],
    pids: [pidsMax(0)],
  };
  return left[name];
}

/** What no sample shows. */
const UNWATCHABLE: readonly LimitName[] = ['cpu.shares', 'storage.max_file_size'];

const HOLDS: Readonly<Record<LimitName, (limit: Limit, means: Means, all: LimitsSpec) => Hold>> = {
  'memory.max_rss': holdMemory,
  'memory.max_swap': holdSwap,
  'memory.max_virtual': ({ value, policy }) => (policy === 'immediate_kill' ? { rlimit: { name: 'as', value } } : {}),
  'cpu.max_percent': ({ value, policy }, means) =>
    policy === 'throttle' ? inGroup('cpu', means, (version) => cpuQuota(version, value)) : {},
  'cpu.max_time': ({ value, policy }) =>
    policy === 'immediate_kill' ? { rlimit: { name: 'cpu', value: Math.ceil(value / 1_000) }, isExact: false } : {},
  'cpu.shares': ({ value }, means) => inGroup('cpu', means, (version) => cpuWeight(version, value)),
  'io.max_read_rate': holdIo('rbps'),
  'io.max_write_rate': holdIo('wbps'),
  'io.max_read_ops': holdIo('riops'),
  'io.max_write_ops': holdIo('wiops'),
  'io.max_file_descriptors': ({ value }, { maxDescriptors }) =>
    value <= maxDescriptors
      ? { rlimit: { name: 'nofile', value } }
      : { reason: `Roundhouse itself may have ${maxDescriptors}, and cannot hand on more` },
  'process.max_processes': ({ value }, means) => inGroup('pids', means, () => pidsMax(value)),
  'network.max_connections': () => ({}),
  'storage.max_temporary': () => ({}),
  'storage.max_logs': () => ({}),
  'storage.max_file_size': ({ value }) => ({ rlimit: { name: 'fsize', value } }),
};

const LIMIT_ORDER = Object.keys(HOLDS) as readonly LimitName[];

function inGroup(name: ControllerName, { controllers }: Means, setting: (version: 1 | 2) => GroupSetting): Hold {
  const controller = controllers.get(name);
  return controller === undefined ? { reason: `no ${name} controller` } : { group: setting(controller.version) };
}

/** Where the kernel kills for want of memory; undefined where it does not. */
function killedAt({ value, policy }: Limit): number | undefined {
  if (policy === 'none') return undefined;
  return policy === 'immediate_kill' ? value : Math.ceil(value * BACKSTOP);
}

function holdMemory(limit: Limit, means: Means): Hold {
  const bytes = killedAt(limit) ?? limit.value;
  const isKill = limit.policy === 'immediate_kill';
  return {
    ...inGroup('memory', means, (version) =>
      version === 2 && limit.policy === 'throttle' ? memoryHigh(limit.value, bytes) : memoryMax(version, bytes),
    ),
    isExact: isKill,
  };
}

function holdSwap(limit: Limit, means: Means, { 'memory.max_rss': rss }: LimitsSpec): Hold {
  if (means.controllers.get('memory')?.version === 2) {
    return inGroup('memory', means, (version) => swapMax(version, limit.value, 0));
  }
  const memoryBytes = rss && killedAt(rss);
  if (memoryBytes === undefined) return { reason: 'cgroup v1 bounds swap only together with memory.max_rss' };
  return inGroup('memory', means, (version) => swapMax(version, limit.value, memoryBytes));
}

function holdIo(rate: IoRate): (limit: Limit, means: Means) => Hold {
  return ({ value, policy }, means) => {
    if (policy !== 'throttle') return {};
    const { device } = means;
    if (device === undefined) return { reason: 'the disk of its working directory is not known' };
    return inGroup('io', means, (version) => ioMax(version, rate, Math.ceil(value), device));
  };
}
