import type { SessionResource } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { allPages } from '../../pages.ts';
import { address, table, writeJson } from '../../render.ts';

export function listCommand(io: Io): Command {
  const command = new Command('list').description('list all sessions, oldest first');
  return withApiOptions(command).action(async (options: ApiOptions) => {
    using client = await connect(options, io);
    const items = await allPages((query) => client.listSessions(query));
    if (options.json === true) writeJson(io.stdout, { items, next_cursor: null });
    else if (items.length === 0)
      io.stdout.write('There are no sessions. "roundhouse session open HOST:PORT" opens one.\n');
    else io.stdout.write(table(['ID', 'STATE', 'HOST', 'ENDPOINT', 'LU', 'CONNECTION', 'CREATED'], items.map(row)));
  });
}

function row({ id, state, host, port, endpoint, lu, connection_state, created_at }: SessionResource): string[] {
  return [id, state, address(host, port), endpoint ?? '-', lu ?? '-', connection_state, created_at];
}
