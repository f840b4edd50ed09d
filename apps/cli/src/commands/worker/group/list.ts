import type { WorkerGroup } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../../api.ts';
import type { Io } from '../../../io.ts';
import { allPages } from '../../../pages.ts';
import { cellText, table, writeJson } from '../../../render.ts';

export function listCommand(io: Io): Command {
  const command = new Command('list').description('list the groups that workers name');
  return withApiOptions(command).action(async (options: ApiOptions) => {
    using client = await connect(options, io);
    const items = await allPages((query) => client.workers.listGroups(query));
    if (options.json === true) writeJson(io.stdout, { items, next_cursor: null });
    else if (items.length === 0) io.stdout.write('There are no groups: a worker names its own with "group".\n');
    else io.stdout.write(table(['GROUP', 'STATE', 'UP', 'WORKERS'], items.map(cells)));
  });
}

function cells({ id, state, running, replicas, workers }: WorkerGroup): string[] {
  return [id, state, `${running}/${replicas}`, cellText(workers)];
}
