import type { DeliveriesQuery } from '@roundhouse/api';
import { Command, Option } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { parseCount } from '../../arguments.ts';
import type { Io } from '../../io.ts';
import { writeJson } from '../../render.ts';
import { type FilterOptions, filterOf, withFilter } from './deliveryFilter.ts';
import { deliveryReport, deliveryTable } from './deliveryReport.ts';

interface DeliveriesOptions extends ApiOptions, FilterOptions {
  readonly status?: NonNullable<DeliveriesQuery['status']>;
  readonly limit: number;
}

/** The log of deliveries may be long. */
const DEFAULT_LIMIT = 50;

export function deliveriesCommand(io: Io): Command {
  const command = new Command('deliveries')
    .description('show what was sent to a webhook, newest first; or one delivery with each attempt')
    .argument('<id>', 'webhook id')
    .argument('[delivery]', 'id of one delivery', parseCount)
    .addOption(
      new Option('--status <status>', 'only those that are so').choices([
        'pending',
        'delivered',
        'dead',
      ] satisfies Array<DeliveriesOptions['status']>),
    )
    .option('--limit <n>', 'how many, up to 200', parseCount, DEFAULT_LIMIT);
  return withApiOptions(withFilter(command)).action(
    async (id: string, delivery: number | undefined, options: DeliveriesOptions) => {
      const { status, limit } = options;
      const query = { ...filterOf(options, io), ...(status === undefined ? {} : { status }), limit };
      using client = await connect(options, io);
      if (delivery !== undefined) {
        const found = await client.getDelivery(id, delivery);
        if (options.json === true) writeJson(io.stdout, found);
        else io.stdout.write(deliveryReport(found));
        return;
      }
      const page = await client.listDeliveries(id, query);
      if (options.json === true) writeJson(io.stdout, page);
      else if (page.items.length === 0) io.stdout.write('There are no such deliveries.\n');
      else io.stdout.write(deliveryTable(page.items));
      if (page.next_cursor !== null) io.stderr.write('There are more: --limit and --until show them.\n');
    },
  );
}
