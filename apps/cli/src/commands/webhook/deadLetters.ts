import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { allPages } from '../../pages.ts';
import { writeJson } from '../../render.ts';
import { type FilterOptions, filterOf, withFilter } from './deliveryFilter.ts';
import { deliveryTable } from './deliveryReport.ts';

interface DeadLettersOptions extends ApiOptions, FilterOptions {}

export function deadLettersCommand(io: Io): Command {
  const command = new Command('dead-letters').description(
    'list the deliveries that were given up, of all webhooks, newest first',
  );
  return withApiOptions(withFilter(command)).action(async (options: DeadLettersOptions) => {
    const filter = filterOf(options, io);
    using client = await connect(options, io);
    const items = await allPages((query) => client.listDeadLetters({ ...filter, ...query }));
    if (options.json === true) writeJson(io.stdout, { items, next_cursor: null });
    else if (items.length === 0) io.stdout.write('There are no dead letters.\n');
    else {
      io.stdout.write(deliveryTable(items));
      io.stderr.write('"roundhouse webhook replay ID" sends those of a webhook again.\n');
    }
  });
}
