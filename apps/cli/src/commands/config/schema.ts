import { Command } from 'commander';
import type { Io } from '../../io.ts';
import { writeJson } from '../../render.ts';

export function schemaCommand(io: Io): Command {
  return new Command('schema')
    .description('write the JSON Schema of configuration files, for editors')
    .option('--json', 'it is JSON anyway')
    .action(async () => {
      const { configurationJsonSchema } = await import('@roundhouse/server');
      writeJson(io.stdout, configurationJsonSchema());
    });
}
