import type { MigrateRequest } from '@roundhouse/api';
import { Command, Option } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { parseDuration } from '../../arguments.ts';
import type { Io } from '../../io.ts';
import { followOperation, operationFacts } from '../../operation.ts';
import { writeJson } from '../../render.ts';

interface MigrateOptions extends ApiOptions {
  readonly to: string;
  readonly mode?: NonNullable<MigrateRequest['mode']>;
  readonly timeout?: number;
  readonly wait?: boolean;
}

const TELNET_PORT = 23;

export function migrateCommand(io: Io): Command {
  const command = new Command('migrate')
    .description('move a session to another host; the first word of the output is the id of the operation')
    .argument('<id>', 'session id')
    .requiredOption('--to <endpoint|host:port>', 'where to: the id of an endpoint, or an address with its port')
    .addOption(
      new Option(
        '--mode <how>',
        'navigate: by the script of its group to the same screen; relogon: anew, you log on again',
      ).choices(['navigate', 'relogon']),
    )
    .option('--timeout <time>', 'deadline of the move, like 30s', parseDuration)
    .option('--wait', 'show each step, and come back when it is over');
  return withApiOptions(command).action(async (id: string, options: MigrateOptions) => {
    const { mode, timeout } = options;
    const request: MigrateRequest = {
      ...(await targetOf(options.to)),
      ...(mode === undefined ? {} : { mode }),
      ...(timeout === undefined ? {} : { timeout_ms: timeout }),
    };
    using client = await connect(options, io);
    const operation = await client.migrateSession(id, request);
    if (options.wait === true) await followOperation(client, operation, options, io);
    else if (options.json === true) writeJson(io.stdout, operation);
    else io.stdout.write(`${operation.id}\n${operationFacts(operation)}`);
  });
}

/** Ids of endpoints have no colon. */
async function targetOf(text: string): Promise<MigrateRequest> {
  if (!text.includes(':')) return { endpoint: text };
  const { parseAddress } = await import('@roundhouse/net');
  const { host, port } = parseAddress(text, TELNET_PORT);
  return { host, port };
}
