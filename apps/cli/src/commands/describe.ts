import { Command } from 'commander';
import { type ApiOptions, withApiOptions } from '../api.ts';
import type { Io } from '../io.ts';
import { describeResource } from '../resource/describe.ts';
import { kindsHelp, resourceKindOf } from '../resource/kinds.ts';

export function describeCommand(io: Io): Command {
  const command = new Command('describe')
    .description('show all facts of a resource, and what refers to it')
    .argument('<kind>', 'what it is, like group')
    .argument('<id>', 'its id');
  return withApiOptions(command)
    .addHelpText('after', kindsHelp)
    .action(async (text: string, id: string, options: ApiOptions) => {
      await describeResource(await resourceKindOf(text), id, options, io);
    });
}
