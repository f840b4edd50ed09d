import type { ConfigurationResource } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { escapeControls, facts, table, writeJson } from '../../render.ts';

interface ShowOptions extends ApiOptions {
  readonly origins?: boolean;
}

export function showCommand(io: Io): Command {
  const command = new Command('show')
    .description('show the configuration in force as YAML, secrets masked')
    .option('--origins', 'show where each value comes from instead');
  return withApiOptions(command).action(async (options: ShowOptions) => {
    using client = await connect(options, io);
    const configuration = await client.getConfiguration();
    if (options.json === true) writeJson(io.stdout, configuration);
    else if (options.origins === true) io.stdout.write(originTable(configuration));
    else io.stdout.write(await yamlOf(configuration));
  });
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
