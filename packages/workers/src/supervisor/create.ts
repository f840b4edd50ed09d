import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, coreError, createScope, type Logger, type Scope } from '@roundhouse/core';
import type { Random } from '@roundhouse/resilience';
import { findCgroups } from '../cgroup/hierarchy.ts';
import { AttachedMember } from '../attach/attached.ts';
import { Locator } from '../attach/locator.ts';
import { createContractClient } from '../contract/client.ts';
import type { WorkerContract } from '../contract/contract.ts';
import { nameOf } from '../instance/id.ts';
import { Records } from '../instance/record.ts';
import { placesOf } from '../launch/launch.ts';
import { createLimiter } from '../limits/limiter.ts';
import { logDaemonCommand } from '../logs/command.ts';
import { createLogs } from '../logs/logs.ts';
import { type CheckDependencies, createWorkerCheck } from '../probe/check.ts';
import { NotifySockets } from '../probe/notifySockets.ts';
import { watchProbes } from '../probe/watch.ts';
import { kernelFiles } from '../limits/kernelFiles.ts';
import { createProcessHost } from '../process/host.ts';
import { Processes } from '../process/processes.ts';
import type { RestartHistory } from '../restart/history.ts';
import { createRestartPolicy } from '../restart/policy.ts';
import type { Supervisor } from './contract.ts';
import { type ManagedDependencies, ManagedMember } from './managed.ts';
import { SettingsFiles } from './settings.ts';
import { ProcessSupervisor, type SupervisorParts } from './supervisor.ts';

export interface SupervisorOptions {
  /** Of what has to be known of workers that run: on a disk that outlives this process, short enough for sockets. */
  readonly directory: string;
  /** Of what workers write. */
  readonly logDirectory: string;
  /** Where workers have their own directories. */
  readonly dataDirectory: string;
  /** Processors of this machine. */
  readonly cores: number;
}

export interface SupervisorSources {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: Random;
  /** Of Roundhouse itself. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Gives the text behind a `secret://` reference. */
  readonly secrets: (reference: string, scope: Scope) => Promise<string>;
  /** The check of a protocol, as endpoints have it. */
  readonly endpointProbe: CheckDependencies['endpointProbe'];
  readonly urlProbe: CheckDependencies['urlProbe'];
}

/** Nothing is opened before `open`. Raises NOT_SUPPORTED where there is no `/proc`. */
export function createSupervisor(options: SupervisorOptions, sources: SupervisorSources): Supervisor {
  const { directory, logDirectory, dataDirectory, cores } = options;
  const { clock, log, random } = sources;
  const scope = createScope({ clock });
  const logs = createLogs({ runDirectory: directory, directory: logDirectory });
  const records = new Records<RestartHistory>(directory);
  const notices = new NotifySockets(join(directory, 'notify'));
  let bootId = '';

  async function openParts(): Promise<SupervisorParts> {
    bootId = await readBootId();
    const hierarchy = await findCgroups(tagOf(directory));
    const logDaemon = logDaemonCommand(directory, logDirectory);
    return {
      host: createProcessHost({ directory, logDaemon, hierarchy }, { clock, log }),
      limiter: createLimiter({ hierarchy, cores }, { clock, log }),
    };
  }

  const watchOf =
    (contract: WorkerContract | undefined): ManagedDependencies['watchProbes'] =>
    ({ id, spec, run }, execute, onVerdict, within) => {
      const { endpointProbe, urlProbe } = sources;
      const parts = { execute, logs, endpointProbe, urlProbe, contract, notices };
      const check = createWorkerCheck(id, run, parts, within);
      const watched = { name: nameOf(id), probes: spec.probes, startedAt: run.startedAt };
      return watchProbes(watched, { check, random, onVerdict }, within);
    };

  return new ProcessSupervisor({
    clock,
    log,
    logs,
    settings: new SettingsFiles(join(directory, 'settings')),
    openParts,
    openMember: (id, spec, { host, limiter }, { found, ...context }) => {
      if (spec.type === 'unmanaged') {
        const { tell, onMoved } = context;
        const processes = new Processes(kernelFiles, clock);
        const locator = new Locator(kernelFiles, processes);
        const parts = {
          clock,
          log,
          processes,
          locator,
          limiter,
          watchProbes: watchOf(undefined),
          tell,
          onMoved,
          scope,
        };
        return AttachedMember.open(id, spec, parts);
      }
      const contract =
        spec.type === 'integrated' ? createContractClient(placesOf(dataDirectory, id).contractSocket) : undefined;
      return ManagedMember.open(id, spec, found, {
        ...context,
        clock,
        log,
        host,
        limiter,
        logs,
        records,
        dataDirectory,
        bootId,
        contract,
        notices,
        launch: {
          environment: sources.environment,
          secrets: sources.secrets,
          logFiles: (instance) => logs.filesOf(instance),
        },
        policy: (specOf) => createRestartPolicy(specOf, { random }),
        watchProbes: watchOf(contract),
        scope,
      });
    },
    scope,
  });
}

async function readBootId(): Promise<string> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  } catch (cause) {
    throw coreError('NOT_SUPPORTED', { details: { what: 'Supervising workers without /proc' }, cause });
  }
}

/** Tells the control groups of one run directory from those of another. */
export function tagOf(directory: string): string {
  return createHash('sha256').update(directory).digest('hex').slice(0, 12);
}
