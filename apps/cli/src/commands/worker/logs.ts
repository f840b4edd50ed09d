import type { Client, WorkerLogFilters, WorkerLogLine } from '@roundhouse/api';
import { createScope, systemClock } from '@roundhouse/core';
import { Command, Option } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { momentBefore, parseCount } from '../../arguments.ts';
import { cliError } from '../../errors.ts';
import { EXIT, exitCodeOf } from '../../exit.ts';
import { stopSignal } from '../../foreground.ts';
import type { Io } from '../../io.ts';
import { LogPrinter } from '../../worker/logPrinter.ts';
import { followLogs, MAX_LINES } from '../../worker/logStream.ts';
import { withInstanceOption } from '../../worker/options.ts';
import { instanceName } from '../../worker/state.ts';

interface LogsOptions extends ApiOptions {
  readonly follow?: boolean;
  readonly instance?: number;
  readonly stream?: 'stdout' | 'stderr';
  readonly since?: string;
  readonly until?: string;
  readonly tail?: number;
  readonly pattern?: string;
  readonly level?: string;
  readonly timestamps?: boolean;
}

export function logsCommand(io: Io): Command {
  const command = new Command('logs')
    .description('show what workers have written; of several, each line behind its name')
    .argument('<id...>', 'their ids')
    .option('-f, --follow', 'go on with what they write, until Ctrl-C')
    .addOption(new Option('--stream <name>', 'only this stream (default: both)').choices(['stdout', 'stderr']))
    .option('--since <time>', 'from then on, like 10m or 2026-01-31T12:00:00Z')
    .option('--until <time>', 'up to then, in the same form')
    .option('--tail <n>', 'only the last so many lines (default: 100)', parseCount)
    .option('--pattern <regexp>', 'only lines that match')
    .option('--level <name>', 'of lines that are JSON: this level and above')
    .option('-t, --timestamps', 'each line behind the time when it was read');
  return withApiOptions(withInstanceOption(command))
    .addHelpText(
      'after',
      '\nBehind a name stands | for a line of stdout and ! for one of stderr. --json writes an object a line.\n',
    )
    .action(async (ids: readonly string[], options: LogsOptions) => {
      const filters = filtersOf(ids, options, (io.clock ?? systemClock).now());
      using scope = createScope({ clock: io.clock ?? systemClock });
      using client = await connect(options, io);
      const printer = await printerFor(client, ids, options, io);
      if (options.follow !== true) {
        const lines = await client.workers.logLines(ids, filters, scope.signal);
        for (const line of lines) printer.write(line);
        return;
      }
      const stop = stopSignal(io);
      const end = (): void => scope.end();
      stop.addEventListener('abort', end, { once: true });
      if (stop.aborted) end();
      for await (const line of followLogs(ids, filters, options, scope, io)) printer.write(line);
    });
}

function filtersOf(ids: readonly string[], options: LogsOptions, nowMs: number): WorkerLogFilters {
  const { follow, instance, stream, since, until, tail, pattern, level } = options;
  if (instance !== undefined && ids.length > 1) throw invalid('--instance', 'it goes with one id');
  if (tail !== undefined && tail > MAX_LINES) {
    throw invalid('--tail', `at most ${MAX_LINES} lines are shown at a time; --since and --until show others`);
  }
  if (follow === true && until !== undefined) throw invalid('--until', 'it does not go with --follow');
  return {
    ...(instance === undefined ? {} : { instance }),
    ...(stream === undefined ? {} : { stream }),
    ...(since === undefined ? {} : { since: momentBefore(nowMs, since) }),
    ...(until === undefined ? {} : { until: momentBefore(nowMs, until) }),
    ...(tail === undefined ? {} : { limit: tail }),
    ...(pattern === undefined ? {} : { pattern }),
    ...(level === undefined ? {} : { level }),
  };
}

function invalid(argument: string, reason: string): Error {
  return cliError('ARGUMENT_INVALID', { details: { argument, reason } });
}

async function printerFor(
  client: Client,
  ids: readonly string[],
  { json, timestamps, instance }: LogsOptions,
  { env, stdout }: Io,
): Promise<LogPrinter> {
  const all = (await Promise.all(ids.map((id) => namesOf(client, id)))).flat();
  const names = instance === undefined ? all : [];
  const known = new Set(names);
  const isTerminal = stdout.isTTY === true;
  return new LogPrinter(
    {
      isJson: json === true,
      isTerminal,
      hasColor: isTerminal && !env['NO_COLOR'],
      withTimes: timestamps === true,
      sources: names.length <= 1 ? [] : names,
      nameOf: ({ worker, instance: number }: WorkerLogLine) =>
        known.has(worker) && number === 0 ? worker : `${worker}/${number}`,
    },
    stdout,
  );
}

/** How the instances of a worker are called; whoever may read its log alone is not told how many there are. */
async function namesOf(client: Client, id: string): Promise<readonly string[]> {
  try {
    const worker = await client.getResource('worker', id);
    return worker.instances.length === 0 ? [id] : worker.instances.map((each) => instanceName(worker, each));
  } catch (error) {
    if (exitCodeOf(error) !== EXIT.Denied) throw error;
    return [id];
  }
}
