import { createScope, systemClock } from '@roundhouse/core';
import type { Examination } from '@roundhouse/server';
import type { Command } from 'commander';
import { homeDirectory } from './home.ts';
import type { Io } from './io.ts';

/** Options of the commands that look at the installation on this machine. */
export interface InstallationOptions {
  readonly config?: string;
  readonly set?: readonly string[];
}

export function withInstallationOptions(command: Command): Command {
  return command
    .option('--config <file>', 'configuration file of the server (ROUNDHOUSE_CONFIG)')
    .option('--set <path=value...>', 'a setting above the file, as given to the server');
}

/** Looks at what the server of this machine needs, as `up` would find it. */
export async function examineHere({ config, set }: InstallationOptions, io: Io): Promise<Examination> {
  const { examine, readSettings } = await import('@roundhouse/server');
  const file = config ?? io.env['ROUNDHOUSE_CONFIG'];
  using scope = createScope({ clock: io.clock ?? systemClock });
  return await examine(
    {
      home: homeDirectory(io.env),
      sources: {
        ...(file ? { file } : {}),
        // Without a file the plain variables count.
        settings: [...(file ? [] : [`server.port=${readSettings(io.env).port}`]), ...(set ?? [])],
      },
      variables: io.env,
    },
    scope,
  );
}
