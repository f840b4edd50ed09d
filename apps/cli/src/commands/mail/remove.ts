import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { writeJson } from '../../render.ts';

export function removeCommand(io: Io): Command {
  const command = new Command('remove').description('remove messages').argument('<id...>', 'their ids');
  return withApiOptions(command).action(async (ids: readonly string[], options: ApiOptions) => {
    using client = await connect(options, io);
    for (const id of ids) {
      await client.mail.delete(id);
      if (options.json !== true) io.stdout.write(`removed ${id}\n`);
    }
    if (options.json === true) writeJson(io.stdout, { removed: ids });
  });
}
