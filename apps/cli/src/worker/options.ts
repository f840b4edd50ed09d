import type { WorkerCommand } from '@roundhouse/api';
import type { Command } from 'commander';
import type { ApiOptions } from '../api.ts';
import { parseCount, parseDuration } from '../arguments.ts';

/** Options of the commands that make workers do something. */
export interface WaitOptions extends ApiOptions {
  /** False by --no-wait. */
  readonly wait: boolean;
  readonly timeout?: number;
}

export function withWaitOptions(command: Command): Command {
  return command
    .option('--no-wait', 'come back at once instead of when it is done')
    .option('--timeout <time>', 'how long to wait, like 2m (default: 1m); what was asked for goes on', parseDuration);
}

export function withInstanceOption(command: Command, description = 'only this one of its instances'): Command {
  return command.option('--instance <number>', `${description}, from 0`, parseCount);
}

export function waitRequest({ wait, timeout }: WaitOptions): Pick<WorkerCommand, 'wait' | 'timeout'> {
  return { ...(wait ? {} : { wait }), ...(timeout === undefined ? {} : { timeout: `${timeout}ms` }) };
}
