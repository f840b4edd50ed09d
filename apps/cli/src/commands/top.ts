import { systemClock } from '@roundhouse/core';
import { Command, Option } from 'commander';
import { connect, withApiOptions } from '../api.ts';
import { parseDuration } from '../arguments.ts';
import { inputOf } from '../input.ts';
import type { Io } from '../io.ts';
import { table, writeJson } from '../render.ts';
import type { TopOptions } from '../top/live.ts';
import { inOrder, ORDERS } from '../top/order.ts';
import { allWorkers } from '../worker/all.ts';
import { instanceRows, ROW_HEAD, rowCells } from '../worker/rows.ts';

interface TopCommandOptions extends TopOptions {
  readonly once?: boolean;
}

const INTERVAL_MS = 2_000;
const MIN_INTERVAL_MS = 100;

export function topCommand(io: Io): Command {
  const command = new Command('top')
    .description('show workers and what they take, live; once where the output is no terminal')
    .option('--interval <time>', 'between two looks (default: 2s)', parseDuration, INTERVAL_MS)
    .addOption(new Option('--sort <column>', 'what stands first').choices(ORDERS).default('cpu'))
    .option('--group <group>', 'only workers of this group')
    .option('--once', 'write the table once, as it is now');
  return withApiOptions(command)
    .addHelpText('after', KEYS)
    .action(async ({ once, ...options }: TopCommandOptions) => {
      const hasTerminal = io.stdout.isTTY === true && inputOf(io).isTTY === true;
      if (once === true || options.json === true || !hasTerminal) return writeOnce(options, io);
      const { showTop } = await import('../top/live.ts');
      await showTop({ ...options, interval: Math.max(options.interval, MIN_INTERVAL_MS) }, io);
    });
}

const KEYS = `
Keys: q quits; s or the right arrow sorts by the next column, S or the left arrow
by the one before, r the other way round; arrows, PgUp, PgDn, Home and End scroll.
`;

async function writeOnce(options: TopOptions, io: Io): Promise<void> {
  using client = await connect(options, io);
  const workers = await allWorkers(client, options.group);
  const nowMs = (io.clock ?? systemClock).now();
  const rows = inOrder(
    workers.flatMap((worker) => instanceRows(worker, nowMs)),
    options.sort,
    false,
  );
  if (options.json === true) writeJson(io.stdout, { at: new Date(nowMs).toISOString(), items: rows });
  else
    io.stdout.write(
      table(
        [...ROW_HEAD, 'REASON'],
        rows.map((row) => [...rowCells(row), row.reason]),
      ),
    );
}
