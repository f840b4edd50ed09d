import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { operationFacts } from '../../operation.ts';
import { writeJson } from '../../render.ts';

export function showCommand(io: Io): Command {
  const command = new Command('show').description('show an operation').argument('<id>', 'operation id');
  return withApiOptions(command).action(async (id: string, options: ApiOptions) => {
    using client = await connect(options, io);
    const operation = await client.getOperation(id);
    if (options.json === true) writeJson(io.stdout, operation);
    else io.stdout.write(operationFacts(operation));
  });
}
