import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { writeJson } from '../../render.ts';

export function snapshotCommand(io: Io): Command {
  const command = new Command('snapshot')
    .description('write the screen of a session as a document to keep, in JSON; hidden fields are masked')
    .argument('<id>', 'session id');
  return withApiOptions(command).action(async (id: string, options: ApiOptions) => {
    using client = await connect(options, io);
    writeJson(io.stdout, await client.getSnapshot(id));
  });
}
