import { readFile, stat, statfs } from 'node:fs/promises';
import type { EndpointInput } from '@roundhouse/api';
import { type FactProvider, UnknownFact } from '@roundhouse/audit/compliance';
import type { Clock } from '@roundhouse/core';
import type { Gateway } from '@roundhouse/sessions';
import { isRuntimePatched } from '../../diagnosis/runtime.ts';
import type { Limits } from '../../limit/limits.ts';
import type { Resources } from '../../resource/resources.ts';
import { chronyState, type ClockState } from './chrony.ts';

/** Where time services leave what they know. */
export interface TimePlaces {
  /** Default `/var/log/chrony/tracking.log`: chrony.conf(5), `log tracking`. */
  readonly chronyLog?: string;
  /** Default `/run/systemd/timesync/synchronized`: systemd-timesyncd.service(8). */
  readonly timesyncFlag?: string;
}

export interface MachineFactsSources {
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'usage'>;
  readonly gateway: Pick<Gateway, 'directory'>;
  readonly resources: Pick<Resources, 'find'>;
  /** Undefined for a server without one. */
  readonly dataDirectory: string | undefined;
  readonly time?: TimePlaces;
  /** Default: that of this process. */
  readonly nodeVersion?: string;
}

/** What the server runs on, and how much room it has. */
export function machineFacts(sources: MachineFactsSources): FactProvider {
  const { clock, dataDirectory, time = {}, nodeVersion = process.versions.node } = sources;
  return {
    name: 'machine',
    names: [
      'capacity.disk_free_share',
      'capacity.limits',
      'clock.is_synchronised',
      'clock.offset_ms',
      'runtime.is_patched',
      'runtime.version',
    ],
    async gather() {
      const [disk, synchronisation] = await Promise.all([diskFreeShare(dataDirectory), clockState(time, clock.now())]);
      return {
        'capacity.disk_free_share': disk,
        'capacity.limits': [...limitsInUse(sources), ...endpointsInUse(sources)],
        'clock.is_synchronised': synchronisation.isSynchronised,
        'clock.offset_ms': synchronisation.offsetMs,
        'runtime.is_patched':
          isRuntimePatched(nodeVersion) ??
          new UnknownFact('NOT_SUPPORTED', `Node.js ${nodeVersion} came after this version of the product`),
        'runtime.version': nodeVersion,
      };
    },
  };
}

function limitsInUse({ limits }: MachineFactsSources) {
  return limits
    .usage()
    .flatMap(({ name, used, capacity }) =>
      capacity === null || capacity === 0 ? [] : [{ name, used_share: used / capacity }],
    );
}

function endpointsInUse({ gateway, resources }: MachineFactsSources) {
  return gateway.directory.figures().flatMap(({ endpoint, sessions }) => {
    const { max_sessions: most } = (resources.find('endpoint', endpoint)?.input ?? {}) as Partial<EndpointInput>;
    return most === undefined || most === null || most === 0
      ? []
      : [{ name: `endpoints[${endpoint}].max_sessions`, used_share: sessions / most }];
  });
}

async function diskFreeShare(directory: string | undefined): Promise<number | UnknownFact> {
  if (directory === undefined) return new UnknownFact('NOT_SUPPORTED', 'The server has no data directory');
  const { bavail, blocks } = await statfs(directory);
  return blocks === 0 ? new UnknownFact('NOT_SUPPORTED', 'The file system does not tell its size') : bavail / blocks;
}

async function clockState({ chronyLog, timesyncFlag }: TimePlaces, now: number): Promise<ClockState> {
  const text = await readFile(chronyLog ?? '/var/log/chrony/tracking.log', 'utf8').catch(() => undefined);
  if (text !== undefined) return chronyState(text, now);
  const offsetMs = new UnknownFact('NOT_SUPPORTED', 'chrony does not log its tracking here');
  const isFollowed = await stat(timesyncFlag ?? '/run/systemd/timesync/synchronized').then(
    () => true,
    () => false,
  );
  // Another time service may well run: that its flag is absent says nothing.
  const reason = 'Neither chrony nor systemd-timesyncd tells of the clock';
  return { isSynchronised: isFollowed || new UnknownFact('NOT_SUPPORTED', reason), offsetMs };
}
