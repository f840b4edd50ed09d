import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../api.ts';
import type { Io } from '../io.ts';
import { facts, writeJson } from '../render.ts';

export function whoamiCommand(io: Io): Command {
  const command = new Command('whoami').description('show who the server takes you for, and your roles');
  return withApiOptions(command).action(async (options: ApiOptions) => {
    using client = await connect(options, io);
    const identity = await client.whoAmI();
    if (options.json === true) writeJson(io.stdout, identity);
    else io.stdout.write(facts(identity));
  });
}
