import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { printable, writeJson } from '../../render.ts';

interface CheckpointOptions extends ApiOptions {
  readonly sign?: boolean;
}

export function checkpointCommand(io: Io): Command {
  const command = new Command('checkpoint')
    .description('write the last checkpoint, a signed note, to be kept elsewhere')
    .option('--sign', 'sign what the journal is now first');
  return withApiOptions(command)
    .addHelpText(
      'after',
      '\n"roundhouse audit checkpoint > FILE" later goes to "roundhouse audit verify --checkpoint FILE".\n',
    )
    .action(async ({ sign, ...options }: CheckpointOptions) => {
      using client = await connect(options, io);
      const checkpoint = sign === true ? await client.audit.takeCheckpoint() : await client.audit.checkpoint();
      if (options.json === true) writeJson(io.stdout, checkpoint);
      else io.stdout.write(`${printable(checkpoint.note, true)}\n`);
    });
}
