import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { parseDuration } from '../../arguments.ts';
import type { Io } from '../../io.ts';
import { table, writeJson } from '../../render.ts';
import { reloadReport } from './reload.ts';

interface OverrideOptions extends ApiOptions {
  readonly for?: number;
  readonly remove?: boolean;
}

export function overrideCommand(io: Io): Command {
  const command = new Command('override')
    .description('set a value above the configuration file for a while, take it back, or list what is set')
    .argument('[path]', 'the value, like endpoints[east].weight or limits.max_sessions')
    .argument('[value]', 'JSON, or plain text')
    .option('--for <time>', 'how long, like 10m (default: until the server stops)', parseDuration)
    .option('--remove', 'take the override of the path back');
  return withApiOptions(command).action(
    async (path: string | undefined, value: string | undefined, options: OverrideOptions) => {
      using client = await connect(options, io);
      if (path === undefined || (value === undefined && options.remove !== true)) {
        const list = await client.listOverrides();
        if (options.json === true) return writeJson(io.stdout, list);
        const rows = list.items.map((item) => [item.path, item.by, item.expires_at ?? 'the server stops']);
        io.stdout.write(rows.length === 0 ? 'There are no overrides.\n' : table(['PATH', 'BY', 'UNTIL'], rows));
        return;
      }
      const plan =
        options.remove === true
          ? await client.deleteOverride(path)
          : await client.putOverride({
              path,
              value: valueOf(value ?? ''),
              ...(options.for === undefined ? {} : { ttl_ms: options.for }),
            });
      if (options.json === true) writeJson(io.stdout, plan);
      else io.stdout.write(reloadReport(plan));
    },
  );
}

/** What is no JSON is text. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
