import type { DrainRequest } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { parseDuration } from '../../arguments.ts';
import { cliError } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { followOperation, operationFacts } from '../../operation.ts';
import { writeJson } from '../../render.ts';

interface DrainOptions extends ApiOptions {
  readonly deadline?: number;
  readonly wait?: boolean;
  readonly undo?: boolean;
}

export function drainCommand(io: Io): Command {
  const command = new Command('drain')
    .description(
      'give an endpoint no new sessions and move those it has; the first word of the output is the operation',
    )
    .argument('<id>', 'endpoint id')
    .option('--deadline <time>', 'when sessions without a safe point are moved too, like 60s', parseDuration)
    .option('--undo', 'let it take traffic again')
    .option('--wait', 'show each step, and come back when it is over');
  return withApiOptions(command).action(async (id: string, options: DrainOptions) => {
    const request = requestOf(options);
    using client = await connect(options, io);
    const operation = await client.drainEndpoint(id, request);
    if (options.wait === true) await followOperation(client, operation, options, io);
    else if (options.json === true) writeJson(io.stdout, operation);
    else io.stdout.write(`${operation.id}\n${operationFacts(operation)}`);
  });
}

function requestOf({ deadline, undo }: DrainOptions): DrainRequest {
  if (undo !== true) return deadline === undefined ? {} : { deadline_ms: deadline };
  if (deadline === undefined) return { undo };
  const details = { argument: '--deadline', reason: 'nothing is moved with --undo' };
  throw cliError('ARGUMENT_INVALID', { details });
}
