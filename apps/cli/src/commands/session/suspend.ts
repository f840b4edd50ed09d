import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { parseDuration } from '../../arguments.ts';
import type { Io } from '../../io.ts';
import { raiseFailure } from '../../operation.ts';
import { writeJson } from '../../render.ts';

interface SuspendOptions extends ApiOptions {
  readonly timeout?: number;
}

export function suspendCommand(io: Io): Command {
  const command = new Command('suspend')
    .description('keep the connection of a session and refuse its input, until it is resumed')
    .argument('<id>', 'session id')
    .option('--timeout <time>', 'close it when nobody resumes it by then, like 30m (default 60m)', parseDuration);
  return withApiOptions(command).action(async (id: string, { timeout, ...options }: SuspendOptions) => {
    using client = await connect(options, io);
    const operation = await client.suspendSession(id, timeout === undefined ? {} : { timeout_ms: timeout });
    raiseFailure(operation);
    if (options.json === true) writeJson(io.stdout, operation);
    else io.stdout.write(`suspended ${id}\n`);
  });
}
