import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { cellText, table, writeJson } from '../../render.ts';

export function factsCommand(io: Io): Command {
  const command = new Command('facts').description('list what rules may ask for');
  return withApiOptions(command).action(async (options: ApiOptions) => {
    using client = await connect(options, io);
    const { facts } = await client.listComplianceRules();
    if (options.json === true) return writeJson(io.stdout, { facts });
    const rows = facts.map(({ name, type, unit, meaning }) => [name, type, cellText(unit), meaning]);
    io.stdout.write(table(['FACT', 'TYPE', 'UNIT', 'MEANING'], rows));
  });
}
