import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { facts, writeJson } from '../../render.ts';

export function showCommand(io: Io): Command {
  const command = new Command('show').description('show a message without its text').argument('<id>', 'message id');
  return withApiOptions(command).action(async (id: string, options: ApiOptions) => {
    using client = await connect(options, io);
    const mail = await client.mail.get(id);
    if (options.json === true) writeJson(io.stdout, mail);
    else io.stdout.write(facts(mail));
  });
}
