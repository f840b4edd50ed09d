import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { raiseFailure } from '../../operation.ts';
import { writeJson } from '../../render.ts';

export function resumeCommand(io: Io): Command {
  const command = new Command('resume')
    .description('let a suspended session take input again')
    .argument('<id>', 'session id');
  return withApiOptions(command).action(async (id: string, options: ApiOptions) => {
    using client = await connect(options, io);
    const operation = await client.resumeSession(id);
    raiseFailure(operation);
    if (options.json === true) writeJson(io.stdout, operation);
    else io.stdout.write(`resumed ${id}\n`);
  });
}
