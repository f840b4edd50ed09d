import type { Usage } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../api.ts';
import type { Io } from '../io.ts';
import { cellText, printable, table, writeJson } from '../render.ts';

export function usageCommand(io: Io): Command {
  const command = new Command('usage').description('show how much of each limit is used, and what is refused');
  return withApiOptions(command).action(async (options: ApiOptions) => {
    using client = await connect(options, io);
    const usage = await client.getUsage();
    if (options.json === true) writeJson(io.stdout, usage);
    else io.stdout.write(report(usage));
  });
}

function report({ limits, degraded }: Usage): string {
  const rows = limits.map(({ name, used, capacity, unit, state }) => [
    name,
    String(used),
    capacity === null ? 'no limit' : String(capacity),
    capacity === null || capacity === 0 ? '-' : `${Math.round((100 * used) / capacity)} %`,
    unit,
    cellText(state),
  ]);
  const refused = degraded.length === 0 ? '' : `\nRefused at present: ${printable(degraded.join(', '))}\n`;
  return table(['LIMIT', 'USED', 'OF', 'SHARE', 'UNIT', 'STATE'], rows) + refused;
}
