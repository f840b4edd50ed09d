import type { Operation } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { allPages } from '../../pages.ts';
import { table, writeJson } from '../../render.ts';

const HEAD = ['ID', 'KIND', 'STATUS', 'SESSION', 'ENDPOINT', 'CREATED', 'ERROR'];

export function listCommand(io: Io): Command {
  const command = new Command('list').description('list the operations that are kept, newest first');
  return withApiOptions(command).action(async (options: ApiOptions) => {
    using client = await connect(options, io);
    const items = await allPages((query) => client.listOperations(query));
    if (options.json === true) writeJson(io.stdout, { items, next_cursor: null });
    else if (items.length === 0) {
      io.stdout.write('There are no operations. "roundhouse session migrate ID --to ENDPOINT" starts one.\n');
    } else io.stdout.write(table(HEAD, items.map(row)));
  });
}

function row({ id, kind, status, session_id, endpoint, created_at, error }: Operation): string[] {
  return [id, kind, status, session_id ?? '-', endpoint ?? '-', created_at, error?.code ?? '-'];
}
