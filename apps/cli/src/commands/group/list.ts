import type { EndpointGroupResource } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { allPages } from '../../pages.ts';
import { table, writeJson } from '../../render.ts';

const HEAD = ['ID', 'STRATEGY', 'FAILBACK', 'SESSIONS', 'QUEUED', 'ENDPOINTS', 'FALLBACK'];

export function listCommand(io: Io): Command {
  const command = new Command('list').description('list all groups, by id');
  return withApiOptions(command).action(async (options: ApiOptions) => {
    using client = await connect(options, io);
    const items = await allPages((query) => client.listEndpointGroups(query));
    if (options.json === true) writeJson(io.stdout, { items, next_cursor: null });
    else if (items.length === 0) io.stdout.write('There are no groups. "roundhouse group add ID" adds one.\n');
    else io.stdout.write(table(HEAD, items.map(row)));
  });
}

function row({ id, strategy, failback, endpoints, fallback, ...rest }: EndpointGroupResource): string[] {
  return [
    id,
    strategy,
    failback,
    String(rest.active_sessions),
    String(rest.queued),
    endpoints.join(',') || '-',
    fallback.join(',') || '-',
  ];
}
