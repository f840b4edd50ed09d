import type { ConfigurationResource } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { withFaults } from './faults.ts';
import { type FileOptions, readFile } from './file.ts';
import { escapeControls, facts, table, writeJson } from '../../render.ts';

interface ShowOptions extends ApiOptions, FileOptions {
  readonly origins?: boolean;
}

export function showCommand(io: Io): Command {
  const command = new Command('show')
    .description('show the configuration in force, or what a file leads to, as YAML, secrets masked')
    .argument('[file]', 'configuration file, with all that it builds on; nothing is asked of the server then')
    .option('--set <path=value...>', 'a setting above the file, like endpoints[east].weight=2')
    .option('--origins', 'show where each value comes from');
  return withApiOptions(command).action(async (file: string | undefined, options: ShowOptions) => {
    if (file !== undefined) return await showFile(file, options, io);
    using client = await connect(options, io);
    const configuration = await client.getConfiguration();
    if (options.json === true) writeJson(io.stdout, configuration);
    else if (options.origins === true) io.stdout.write(originTable(configuration));
    else io.stdout.write(await yamlOf(configuration));
  });
}

async function showFile(file: string, options: ShowOptions, io: Io): Promise<void> {
  const { show } = await import('@roundhouse/config');
  const { document } = await withFaults(io, readFile(file, options, io));
  const { parse } = await import('yaml');
  if (options.json === true) return writeJson(io.stdout, parse(show(document)));
  io.stdout.write(escapeControls(show(document, { layers: options.origins === true })));
}

function originTable({ file, loaded_at: loadedAt, origins }: ConfigurationResource): string {
  const rows = Object.entries(origins).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `${facts({ file: file ?? 'none', loaded_at: loadedAt })}\n${table(['VALUE', 'COMES FROM'], rows)}`;
}

async function yamlOf({ file, loaded_at: loadedAt, values }: ConfigurationResource): Promise<string> {
  const { Document } = await import('yaml');
  const document = new Document(values);
  document.commentBefore = ` ${file ?? 'no file'}, in force since ${loadedAt}`;
  return escapeControls(document.toString({ lineWidth: 0 }));
}
