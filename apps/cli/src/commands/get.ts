import { Command, Option } from 'commander';
import { withApiOptions } from '../api.ts';
import type { Io } from '../io.ts';
import { type GetOptions, getResources, watchResources } from '../resource/get.ts';
import { kindsHelp, resourceKindOf } from '../resource/kinds.ts';
import { OUTPUT_FORMATS } from '../resource/output.ts';

interface GetCommandOptions extends GetOptions {
  readonly watch?: boolean;
}

export function getCommand(io: Io): Command {
  const command = new Command('get')
    .summary('show endpoints, groups, workers, roles, principals, keys, webhooks')
    .description('show resources of a kind: endpoints, groups, workers, roles, principals, keys, webhooks')
    .argument('<kind>', 'what to show, like endpoint')
    .argument('[id...]', 'only these')
    .addOption(
      new Option('-o, --output <format>', 'how; csv has each field, name the ids alone (default: table)').choices(
        OUTPUT_FORMATS,
      ),
    )
    .option('--watch', 'show each again when it changes, until Ctrl-C');
  return withApiOptions(command)
    .addHelpText('after', kindsHelp)
    .action(async (text: string, ids: readonly string[], { watch, ...options }: GetCommandOptions) => {
      const kind = await resourceKindOf(text);
      if (watch === true) await watchResources(kind, ids, options, io);
      else await getResources(kind, ids, options, io);
    });
}
