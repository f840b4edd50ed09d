import type { LogLevels } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../api.ts';
import { parseDuration, parseName } from '../arguments.ts';
import { cliError } from '../errors.ts';
import type { Io } from '../io.ts';
import { table, writeJson } from '../render.ts';

interface LogLevelOptions extends ApiOptions {
  readonly for?: number;
}

export function logLevelCommand(io: Io): Command {
  const command = new Command('log-level')
    .summary('show what the server logs, or log more or less of it')
    .description('show what the server logs, or log more or less of a module')
    .argument('[module]', 'module, like sessions; "default" for all without a level of their own')
    .argument('[level]', 'debug, info, warn, error or silent')
    .option('--for <time>', 'go back after this time, like 10m (default: when the server stops)', parseDuration);
  return withApiOptions(command).action(
    async (module: string | undefined, level: string | undefined, options: LogLevelOptions) => {
      const { logLevelSchema } = await import('@roundhouse/api');
      const wanted = level === undefined ? undefined : parseName('level', level, logLevelSchema.shape.level.options);
      if (wanted === undefined && options.for !== undefined)
        throw invalid('--for', 'it goes with a module and a level');
      using client = await connect(options, io);
      const { for: ttl } = options;
      const levels =
        module === undefined || wanted === undefined
          ? await client.getLogLevels()
          : await client.putLogLevel(module, { level: wanted, ...(ttl === undefined ? {} : { ttl_ms: ttl }) });
      const shown = module === undefined ? levels : only(levels, module);
      if (options.json === true) writeJson(io.stdout, shown);
      else io.stdout.write(report(shown));
    },
  );
}

function only({ modules }: LogLevels, module: string): LogLevels {
  const name = parseName('module', module, Object.keys(modules));
  return { modules: { [name]: modules[name] as LogLevels['modules'][string] } };
}

function report({ modules }: LogLevels): string {
  const rows = Object.entries(modules).map(([name, { level, until, own }]) => [
    name,
    level,
    own ? 'own' : 'as *',
    until ?? '-',
  ]);
  return table(['MODULE', 'LEVEL', 'FROM', 'UNTIL'], rows);
}

function invalid(argument: string, reason: string): Error {
  return cliError('ARGUMENT_INVALID', { details: { argument, reason } });
}
