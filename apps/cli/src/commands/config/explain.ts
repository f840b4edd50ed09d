import { Command } from 'commander';
import type { Io } from '../../io.ts';
import { printable, table, writeJson } from '../../render.ts';
import { withFaults } from './faults.ts';
import { type FileOptions, readFile, withFileOptions } from './file.ts';

export function explainCommand(io: Io): Command {
  const command = new Command('explain')
    .description('show every layer that says something about a value, and which one counts')
    .argument('<file>', 'configuration file')
    .argument('<path>', 'the value or section, like endpoints[east].port');
  return withFileOptions(command).action(async (file: string, path: string, options: FileOptions) => {
    const { explain } = await import('@roundhouse/config');
    const { document } = await withFaults(io, readFile(file, options, io));
    const origins = explain(document, path);
    if (options.json === true) return writeJson(io.stdout, origins);
    const rows = origins.map(({ path: value, layer, place, value: text, wins }) => [
      wins ? '*' : '',
      value,
      printable(String(text)),
      layer,
      place,
    ]);
    io.stdout.write(table(['', 'VALUE', 'IS', 'LAYER', 'PLACE'], rows));
  });
}
