import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { parseDuration } from '../../arguments.ts';
import type { Io } from '../../io.ts';
import { followOperation } from '../../operation.ts';

interface WaitOptions extends ApiOptions {
  readonly timeout?: number;
}

export function waitCommand(io: Io): Command {
  const command = new Command('wait')
    .description('show each step of an operation, and come back when it is over')
    .argument('<id>', 'operation id')
    .option('--timeout <time>', 'how long to wait, like 5m (default: as long as it takes)', parseDuration);
  return withApiOptions(command).action(async (id: string, { timeout, ...options }: WaitOptions) => {
    using client = await connect(options, io);
    const limit = timeout === undefined ? {} : { timeoutMs: timeout };
    await followOperation(client, await client.getOperation(id), { ...options, ...limit }, io);
  });
}
