import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { sessionFacts, writeJson } from '../../render.ts';

export function showCommand(io: Io): Command {
  const command = new Command('show').description('show a session').argument('<id>', 'session id');
  return withApiOptions(command).action(async (id: string, options: ApiOptions) => {
    using client = await connect(options, io);
    const session = await client.getSession(id);
    if (options.json === true) writeJson(io.stdout, session);
    else io.stdout.write(sessionFacts(session));
  });
}
