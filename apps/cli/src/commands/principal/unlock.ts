import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { writeJson } from '../../render.ts';

interface UnlockOptions extends ApiOptions {
  readonly address?: string;
}

export function unlockCommand(io: Io): Command {
  const command = new Command('unlock')
    .description('forget the failed attempts of a principal or an address: a lock-out ends')
    .argument('[id]', 'principal; without it all names tried from the address')
    .option('--address <address>', 'IP address that the attempts came from');
  return withApiOptions(command).action(async (id: string | undefined, options: UnlockOptions) => {
    using client = await connect(options, io);
    const unlocked = await client.unlock({
      ...(id === undefined ? {} : { principal: id }),
      ...(options.address === undefined ? {} : { address: options.address }),
    });
    if (options.json === true) writeJson(io.stdout, { unlocked });
    else io.stdout.write(unlocked ? 'unlocked\n' : 'There was nothing to unlock.\n');
  });
}
