import type { LimitName, MonitoringSpec } from '../spec/spec.ts';
import type { LimiterSources, LimitStatus, Sample } from './contract.ts';
import type { ControllerName, Controllers } from './controllers.ts';
import { stateOf } from './detector.ts';
import type { IoUsage } from './groups.ts';
import type { Placement } from './plan.ts';

/** What a limit is compared with: of the latest sample. Null: not known. */
export function usedOf(name: LimitName, sample: Sample, ioRates: IoUsage | null): number | null {
  switch (name) {
    case 'memory.max_rss':
      return sample.rssBytes;
    case 'memory.max_virtual':
      return sample.virtualBytes;
    case 'memory.max_swap':
      return sample.swapBytes;
    case 'cpu.max_percent':
      return sample.cpuPercent;
    case 'cpu.max_time':
      return sample.cpuTimeMs;
    case 'io.max_read_rate':
      return ioRates?.readBytes ?? null;
    case 'io.max_write_rate':
      return ioRates?.writeBytes ?? null;
    case 'io.max_read_ops':
      return ioRates?.readOps ?? null;
    case 'io.max_write_ops':
      return ioRates?.writeOps ?? null;
    case 'io.max_file_descriptors':
      return sample.fileDescriptors;
    case 'process.max_processes':
      return sample.threads;
    case 'network.max_connections':
      return sample.connections;
    case 'storage.max_temporary':
      return sample.temporaryBytes;
    case 'storage.max_logs':
      return sample.logBytes;
    case 'cpu.shares':
    case 'storage.max_file_size':
      return null;
  }
}

export interface StatusContext {
  readonly controllers: Controllers;
  readonly device: string | undefined;
  readonly monitoring: MonitoringSpec;
  readonly sources: LimiterSources;
  /** Whether there is a group that counts. */
  readonly hasGroup: (controller: ControllerName) => boolean;
}

/** `used`: null when it is not known. */
export function statusOf(placement: Placement, used: number | null, context: StatusContext): LimitStatus {
  const { limit, value, policy } = placement;
  const state = used === null ? 'unknown' : stateOf(used, placement);
  return { limit, value, policy, used, state, ...enforcementOf(placement, context) };
}

function enforcementOf(placement: Placement, context: StatusContext): Pick<LimitStatus, 'enforcement' | 'by'> {
  const { limit, isExact, isWatched, reason } = placement;
  const holder = holderOf(placement, context);
  if (isExact && holder !== undefined) return { enforcement: 'kernel', by: holder };
  const behind = [holder && `${holder} behind it`, reason].filter((each) => each !== undefined);
  const cause = missingOf(limit, isWatched, context);
  if (cause === undefined) return { enforcement: 'watched', by: [sourceOf(limit, context), ...behind].join('; ') };
  return {
    enforcement: 'unavailable',
    by: [cause, ...behind].filter(Boolean).join('; ') || 'only the kernel could hold it, and `none` keeps it out',
  };
}

/** `cgroup v1 memory`; with what it is set to where that is not the limit itself. */
function holderOf({ group, rlimit, isExact }: Placement, { controllers, device }: StatusContext): string | undefined {
  if (rlimit !== undefined) return isExact ? `rlimit ${rlimit.name}` : `rlimit ${rlimit.name} of each process`;
  if (group === undefined) return undefined;
  const title = controllers.get(group.controller)?.title ?? group.controller;
  if (group.controller === 'io') return `${title} (${device})`;
  return isExact ? title : `${title} at ${group.set.at(-1)?.text}`;
}

/** Why it is not watched; undefined when it is, and nothing when there is no more to say. */
function missingOf(name: LimitName, isWatched: boolean, { monitoring, sources }: StatusContext): string | undefined {
  if (!isWatched) return '';
  if (!monitoring.isEnabled) return 'monitoring is off';
  if (name === 'storage.max_temporary' && sources.temporaryDirectory === undefined) {
    return 'its temporary directory is not known';
  }
  return undefined;
}

/** Where samples of it come from. */
function sourceOf(name: LimitName, { controllers, hasGroup }: StatusContext): string {
  if (name === 'storage.max_temporary') return 'size of its temporary directory';
  if (name === 'storage.max_logs') return 'size of its logs';
  const counter = counterOf(name, controllers);
  return counter !== undefined && hasGroup(counter) ? (controllers.get(counter)?.title ?? '/proc') : '/proc';
}

function counterOf(name: LimitName, controllers: Controllers): ControllerName | undefined {
  if (name === 'memory.max_rss' || name === 'memory.max_swap') return 'memory';
  if (name.endsWith('_rate') || name.endsWith('_ops')) return 'io';
  if (name !== 'cpu.max_percent' && name !== 'cpu.max_time') return undefined;
  return controllers.get('cpu')?.version === 2 ? 'cpu' : 'cpuacct';
}
