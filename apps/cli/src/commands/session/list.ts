import type { Client, SessionResource } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { table, writeJson } from '../../render.ts';

export function listCommand(io: Io): Command {
  const command = new Command('list').description('list all sessions, oldest first');
  return withApiOptions(command).action(async (options: ApiOptions) => {
    using client = await connect(options, io);
    const items = await allSessions(client);
    if (options.json === true) writeJson(io.stdout, { items, next_cursor: null });
    else if (items.length === 0) io.stdout.write('There are no sessions.\n');
    else io.stdout.write(table(['ID', 'STATE', 'HOST', 'LU', 'CONNECTION', 'CREATED'], items.map(row)));
  });
}

async function allSessions(client: Client): Promise<SessionResource[]> {
  const items: SessionResource[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await client.listSessions(typeof cursor === 'string' ? { cursor } : {});
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return items;
}

function row({ id, state, host, port, lu, connection_state, created_at }: SessionResource): string[] {
  return [id, state, `${host}:${port}`, lu ?? '-', connection_state, created_at];
}
