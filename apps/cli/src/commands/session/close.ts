import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { writeJson } from '../../render.ts';

export function closeCommand(io: Io): Command {
  const command = new Command('close').description('close sessions').argument('<id...>', 'session ids');
  return withApiOptions(command).action(async (ids: readonly string[], options: ApiOptions) => {
    using client = await connect(options, io);
    for (const id of ids) {
      await client.deleteSession(id);
      if (options.json !== true) io.stdout.write(`closed ${id}\n`);
    }
    if (options.json === true) writeJson(io.stdout, { closed: ids });
  });
}
