import { readFile } from 'node:fs/promises';
import type { EndpointGroupInput } from '@roundhouse/api';
import { Command, Option } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { parseName } from '../../arguments.ts';
import { cliError } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { facts, writeJson } from '../../render.ts';

interface AddOptions extends ApiOptions {
  readonly strategy?: string;
  readonly failback?: NonNullable<EndpointGroupInput['failback']>;
  readonly fallback?: readonly string[];
  readonly model?: string;
  readonly lu?: string;
  readonly file?: string;
}

export function addCommand(io: Io): Command {
  const command = new Command('add')
    .description('add a group; endpoints join it with "endpoint add --group"')
    .argument('<id>', 'id of your choice: letters, digits, dots, dashes and underscores')
    .option('--strategy <name>', 'how it chooses, like round_robin, least_connections or peak_ewma (default p2c)')
    .addOption(
      new Option('--failback <when>', 'when sessions go back to a better tier that has recovered').choices([
        'manual',
        'when_idle',
        'immediate',
      ] satisfies Array<AddOptions['failback']>),
    )
    .option('--fallback <group...>', 'groups that take over when no endpoint of this one can, in order')
    .option('--model <name>', 'terminal model of its sessions, like 3279-2-E')
    .option('--lu <name>', 'LU or pool that its sessions ask for')
    .option('--file <file>', 'JSON of the whole group, navigation script included; options go before it');
  return withApiOptions(command).action(async (id: string, options: AddOptions) => {
    const request = { ...(await whole(options.file)), ...(await settingsOf(options)), id };
    using client = await connect(options, io);
    const group = await client.createResource('endpoint_group', request);
    if (options.json === true) writeJson(io.stdout, group);
    else io.stdout.write(facts(group));
  });
}

async function settingsOf({
  strategy,
  failback,
  fallback,
  model,
  lu,
}: AddOptions): Promise<Partial<EndpointGroupInput>> {
  const { STRATEGIES } = await import('@roundhouse/api');
  return {
    ...(strategy === undefined ? {} : { strategy: parseName('strategy', strategy, STRATEGIES) }),
    ...(failback === undefined ? {} : { failback }),
    ...(fallback === undefined ? {} : { fallback: [...fallback] }),
    ...(model === undefined ? {} : { model }),
    ...(lu === undefined ? {} : { lu }),
  };
}

/** What a file says; the server checks it. */
async function whole(file: string | undefined): Promise<Partial<EndpointGroupInput>> {
  if (file === undefined) return {};
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? 'it is not JSON' : 'it cannot be read';
    throw cliError('ARGUMENT_INVALID', { details: { argument: `file "${file}"`, reason }, cause });
  }
  throw cliError('ARGUMENT_INVALID', { details: { argument: `file "${file}"`, reason: 'an object is wanted' } });
}
