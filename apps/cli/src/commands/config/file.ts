import { createScope, systemClock } from '@roundhouse/core';
import type { CheckedConfiguration } from '@roundhouse/server';
import type { Command } from 'commander';
import type { Io } from '../../io.ts';

/** Options of the commands that read a configuration by themselves. */
export interface FileOptions {
  readonly set?: readonly string[];
  /** False: the machine is not asked for ports, paths and limits. */
  readonly machine?: boolean;
  readonly json?: boolean;
}

export function withFileOptions(command: Command): Command {
  return command
    .option('--set <path=value...>', 'a setting above the file, like endpoints[east].weight=2')
    .option('--no-machine', 'do not ask this machine for ports, paths, certificates and limits')
    .option('--json', 'write the answer as JSON');
}

/** Reads and checks a file as `up` would. Raises CONFIGURATION_INVALID. */
export async function readFile(file: string, { set, machine }: FileOptions, io: Io): Promise<CheckedConfiguration> {
  const { readConfiguration } = await import('@roundhouse/server');
  const { systemFiles } = await import('@roundhouse/config');
  using scope = createScope({ clock: systemClock });
  return await readConfiguration(
    { file, ...(set === undefined ? {} : { settings: set }) },
    { files: systemFiles, variables: io.env, clock: systemClock, isMachineChecked: machine !== false },
    scope,
  );
}
