import type { ReplayRequest } from '@roundhouse/api';
import { Command, Option } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { parseCount } from '../../arguments.ts';
import type { Io } from '../../io.ts';
import { writeJson } from '../../render.ts';
import { type FilterOptions, filterOf, withFilter } from './deliveryFilter.ts';

interface ReplayOptions extends ApiOptions, FilterOptions {
  readonly delivery?: number;
  readonly status?: NonNullable<ReplayRequest['status']>;
}

export function replayCommand(io: Io): Command {
  const command = new Command('replay')
    .description('send deliveries of a webhook again: all that were given up, or those that the options say')
    .argument('<id>', 'webhook id')
    .option('--delivery <id>', 'this one alone', parseCount)
    .addOption(
      new Option('--status <status>', 'those that are so (default: dead)').choices([
        'delivered',
        'dead',
      ] satisfies Array<ReplayOptions['status']>),
    );
  return withApiOptions(withFilter(command)).action(async (id: string, options: ReplayOptions) => {
    const { delivery, status } = options;
    const request: ReplayRequest = {
      ...filterOf(options, io),
      ...(delivery === undefined ? {} : { delivery }),
      ...(status === undefined ? {} : { status }),
    };
    using client = await connect(options, io);
    const replayed = await client.replayDeliveries(id, request);
    if (options.json === true) writeJson(io.stdout, { replayed });
    else io.stdout.write(`${replayed} ${replayed === 1 ? 'delivery is' : 'deliveries are'} sent again\n`);
  });
}
