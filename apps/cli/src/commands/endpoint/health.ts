import type { EndpointHealthResource } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { facts, table, writeJson } from '../../render.ts';

export function healthCommand(io: Io): Command {
  const command = new Command('health')
    .description('show what probes and traffic say of an endpoint')
    .argument('<id>', 'endpoint id');
  return withApiOptions(command).action(async (id: string, options: ApiOptions) => {
    using client = await connect(options, io);
    const health = await client.getEndpointHealth(id);
    if (options.json === true) writeJson(io.stdout, health);
    else io.stdout.write(healthReport(health));
  });
}

function healthReport({ history, steps, ...rest }: EndpointHealthResource): string {
  if (history.length === 0) return `${facts(rest)}\nNothing has been measured yet.\n`;
  const rows = history.map(({ at, status, outcome, elapsed_ms: elapsed, code }) => [
    at,
    status,
    outcome,
    elapsed === null ? '-' : `${Math.round(elapsed)} ms`,
    code ?? '-',
  ]);
  const climbed = steps.map(({ name, elapsed_ms: elapsed, code }) => [name, `${Math.round(elapsed)} ms`, code ?? 'ok']);
  const last = climbed.length === 0 ? '' : `\n${table(['LAST PROBE', 'TIME', 'OUTCOME'], climbed)}`;
  return `${facts(rest)}${last}\n${table(['AT', 'STATUS', 'OUTCOME', 'TIME', 'CODE'], rows)}`;
}
