import { createScope, systemClock } from '@roundhouse/core';
import type { CheckedConfiguration } from '@roundhouse/server';
import type { Command } from 'commander';
import { clientOf } from '../../api.ts';
import { readLocalServer } from '../../home.ts';
import type { Io } from '../../io.ts';

/** Options of the commands that read configuration files by themselves. */
export interface FileOptions {
  readonly set?: readonly string[];
  readonly json?: boolean;
}

export function withFileOptions(command: Command): Command {
  return command
    .option('--set <path=value...>', 'a setting above the file, like endpoints[east].weight=2')
    .option('--json', 'write the answer as JSON');
}

/** Reads and checks files without asking the machine. Raises CONFIGURATION_INVALID. */
export function readFile(file: string, options: FileOptions, io: Io): Promise<CheckedConfiguration> {
  return read(file, options, io, { isMachineChecked: false });
}

/** Reads and checks a file as `up` would here; ports of the server that runs here count as free. */
export async function readFileForMachine(file: string, options: FileOptions, io: Io): Promise<CheckedConfiguration> {
  return await read(file, options, io, { isMachineChecked: true, ownPorts: await portsInUse(io) });
}

interface Asking {
  readonly isMachineChecked: boolean;
  readonly ownPorts?: ReadonlySet<number>;
}

async function read(file: string, { set }: FileOptions, io: Io, asking: Asking): Promise<CheckedConfiguration> {
  const { readConfiguration, readSettings } = await import('@roundhouse/server');
  const { systemFiles } = await import('@roundhouse/config');
  const { isMachineChecked, ownPorts } = asking;
  using scope = createScope({ clock: systemClock });
  return await readConfiguration(
    { file, ...(set === undefined ? {} : { settings: set }) },
    { files: systemFiles, variables: io.env, clock: systemClock, isMachineChecked, ports: readSettings(io.env) },
    scope,
    ownPorts,
  );
}

/** Ports of the server of this user; none where it does not answer. */
async function portsInUse(io: Io): Promise<ReadonlySet<number>> {
  const local = await readLocalServer(io.env);
  if (local === undefined) return new Set();
  using client = await clientOf(local, io);
  try {
    const { values } = await client.getConfiguration();
    const door = (values['front_door'] as { readonly port?: number } | undefined)?.port;
    return new Set([Number(new URL(local.url).port), ...(door === undefined ? [] : [door])]);
  } catch {
    return new Set();
  }
}
