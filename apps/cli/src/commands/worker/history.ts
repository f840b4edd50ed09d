import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { table, writeJson } from '../../render.ts';
import { explained } from '../../worker/evidence.ts';
import { withInstanceOption } from '../../worker/options.ts';

interface HistoryOptions extends ApiOptions {
  readonly instance?: number;
}

const HEAD = ['AT', 'INSTANCE', 'FROM', 'TO', 'REASON'];

export function historyCommand(io: Io): Command {
  const command = new Command('history')
    .description('show the states that a worker has been in, and why')
    .argument('<id>', 'its id');
  return withApiOptions(withInstanceOption(command)).action(
    async (id: string, { instance, ...options }: HistoryOptions) => {
      using client = await connect(options, io);
      const history = await explained(client, id, io, () => client.workers.history(id, instance));
      if (options.json === true) return writeJson(io.stdout, history);
      const moves = history.instances
        .flatMap((each) => each.moves.map((move) => ({ ...move, instance: each.instance })))
        .toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
      if (moves.length === 0) io.stdout.write('Nothing has happened yet.\n');
      else {
        const rows = moves.map(({ at, instance: number, from, to, reason }) => [at, String(number), from, to, reason]);
        io.stdout.write(table(HEAD, rows));
      }
    },
  );
}
