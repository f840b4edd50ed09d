import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { facts, writeJson } from '../../render.ts';

export function takeoverCommand(io: Io): Command {
  const command = new Command('takeover')
    .description('get a ticket with which a terminal emulator takes this session over: c3270 LU@GATEWAY')
    .argument('<id>', 'session id');
  return withApiOptions(command).action(async (id: string, options: ApiOptions) => {
    using client = await connect(options, io);
    const ticket = await client.takeOverSession(id);
    if (options.json === true) writeJson(io.stdout, ticket);
    else io.stdout.write(facts(ticket));
  });
}
