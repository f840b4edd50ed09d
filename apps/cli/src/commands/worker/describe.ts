import { Command } from 'commander';
import { type ApiOptions, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { describeResource } from '../../resource/describe.ts';

export function describeCommand(io: Io): Command {
  const command = new Command('describe')
    .description('show all facts of a worker: instances, probes, limits, and what depends on it')
    .argument('<id>', 'its id');
  return withApiOptions(command).action(async (id: string, options: ApiOptions) => {
    const { RESOURCE_KINDS } = await import('@roundhouse/api');
    await describeResource(RESOURCE_KINDS.worker, id, options, io);
  });
}
