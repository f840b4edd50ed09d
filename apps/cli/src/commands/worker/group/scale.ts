import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../../api.ts';
import { parseCount } from '../../../arguments.ts';
import type { Io } from '../../../io.ts';
import { writeJson } from '../../../render.ts';
import { explainedGroup } from '../../../worker/evidence.ts';
import { groupText } from '../../../worker/groupText.ts';

export function scaleCommand(io: Io): Command {
  const command = new Command('scale')
    .description('run so many instances of each worker of a group, until it is specified anew')
    .argument('<group>', 'its name')
    .argument('<replicas>', 'how many instances of each', parseCount);
  return withApiOptions(command).action(async (name: string, replicas: number, options: ApiOptions) => {
    using client = await connect(options, io);
    const group = await explainedGroup(client, name, io, () => client.workers.scaleGroup(name, replicas));
    if (options.json === true) writeJson(io.stdout, group);
    else io.stdout.write(groupText(`scaled each of`, group));
  });
}
