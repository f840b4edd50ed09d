import type { EndpointResource } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { allPages } from '../../pages.ts';
import { address, table, writeJson } from '../../render.ts';

const HEAD = ['ID', 'GROUP', 'HOST', 'STATUS', 'SESSIONS', 'LIMIT', 'WEIGHT', 'PRIORITY'];

export function listCommand(io: Io): Command {
  const command = new Command('list').description('list all endpoints, by id');
  return withApiOptions(command).action(async (options: ApiOptions) => {
    using client = await connect(options, io);
    const items = await allPages((query) => client.listEndpoints(query));
    if (options.json === true) writeJson(io.stdout, { items, next_cursor: null });
    else if (items.length === 0) {
      io.stdout.write('There are no endpoints. "roundhouse endpoint add ID HOST:PORT --group GROUP" adds one.\n');
    } else io.stdout.write(table(HEAD, items.map(row)));
  });
}

function row({ id, group, host, port, status, draining, ...rest }: EndpointResource): string[] {
  return [
    id,
    group ?? '-',
    address(host, port),
    draining ? `${status}, draining` : status,
    String(rest.active_sessions),
    String(rest.max_sessions ?? '-'),
    String(rest.weight),
    String(rest.priority),
  ];
}
