import type { ApiKeyInput } from '@roundhouse/api';
import { systemClock } from '@roundhouse/core';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { momentAfter } from '../../arguments.ts';
import type { Io } from '../../io.ts';
import { printable, writeJson } from '../../render.ts';

interface CreateOptions extends ApiOptions {
  readonly principal: string;
  readonly expires?: string;
  readonly role?: string[];
  readonly address?: string[];
  readonly description?: string;
}

export function createCommand(io: Io): Command {
  const command = new Command('create')
    .description('make an API key; the output is the key, which is shown this once')
    .argument('<id>', 'id of your choice: letters, digits, dots, dashes and underscores')
    .requiredOption('--principal <id>', 'who calls with it')
    .option('--expires <time>', 'when it ends, like 90d or 2027-01-31 (default: never)')
    .option('--role <id...>', 'only these roles of the principal (default: all)')
    .option('--address <range...>', 'only from these addresses, like 10.1.0.0/16 (default: any)')
    .option('--description <text>', 'what it is for');
  return withApiOptions(command).action(async (id: string, options: CreateOptions) => {
    const input = inputOf(id, options, (io.clock ?? systemClock).now());
    using client = await connect(options, io);
    const created = await client.createResource('api_key', input);
    if (options.json === true) writeJson(io.stdout, created);
    else io.stdout.write(`${printable(created.key)}\n`);
    const end = created.expires_at === null ? 'it does not expire' : `it expires at ${created.expires_at}`;
    io.stderr.write(printable(`This is the only time that the key is shown: keep it safe; ${end}.`));
    io.stderr.write('\n');
  });
}

function inputOf(id: string, options: CreateOptions, nowMs: number): ApiKeyInput {
  const { principal, expires, role, address, description } = options;
  return {
    id,
    principal,
    ...(expires === undefined ? {} : { expires_at: momentAfter(nowMs, expires) }),
    ...(role === undefined ? {} : { roles: role }),
    ...(address === undefined ? {} : { addresses: address }),
    ...(description === undefined ? {} : { description }),
  };
}
