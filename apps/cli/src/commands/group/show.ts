import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { facts, writeJson } from '../../render.ts';

export function showCommand(io: Io): Command {
  const command = new Command('show').description('show a group').argument('<id>', 'group id');
  return withApiOptions(command).action(async (id: string, options: ApiOptions) => {
    using client = await connect(options, io);
    const group = await client.getEndpointGroup(id);
    if (options.json === true) writeJson(io.stdout, group);
    else io.stdout.write(facts(group));
  });
}
