import type { Client, WorkerResource, WorkerStart } from '@roundhouse/api';
import { isRoundhouseError, type RoundhouseError, systemClock } from '@roundhouse/core';
import { Command } from 'commander';
import { connect, withApiOptions } from '../../api.ts';
import { cliError } from '../../errors.ts';
import { EXIT, exitCodeOf } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { errorLines, printable, writeJson } from '../../render.ts';
import { explained } from '../../worker/evidence.ts';
import { type WaitOptions, waitRequest, withInstanceOption, withWaitOptions } from '../../worker/options.ts';
import { withProgress } from '../../worker/progress.ts';
import { stateText } from '../../worker/state.ts';
import { staying } from '../../worker/staying.ts';

interface OperateOptions extends WaitOptions {
  readonly instance?: number;
  readonly force?: boolean;
}

const PAST = { start: 'started', stop: 'stopped', restart: 'restarted', reload: 'reloaded' } as const;

type Verb = keyof typeof PAST;

const STARTING: ReadonlySet<Verb> = new Set(['start', 'restart']);

const DESCRIPTIONS: Readonly<Record<Verb, string>> = {
  start: 'start workers, and come back when they are ready',
  stop: 'stop workers, with those that are to go with them',
  restart: 'stop workers and start them again, one instance after the other',
  reload: 'have workers read their own configuration again',
};

/** What became of one of several. */
type Operated =
  | { readonly id: string; readonly worker: WorkerResource }
  | { readonly id: string; readonly error: RoundhouseError };

export function operateCommand(verb: Verb, io: Io): Command {
  const command = new Command(verb).description(DESCRIPTIONS[verb]).argument('<id...>', 'their ids');
  if (verb === 'start') command.option('--force', 'past backoff, breaker and dependencies');
  return withApiOptions(withWaitOptions(withInstanceOption(command))).action(
    async (words: readonly string[], options: OperateOptions) => {
      const ids = [...new Set(words)];
      const request = requestOf(ids, options);
      using client = await connect(options, io);
      const operate = (id: string): Promise<WorkerResource> =>
        explained(client, id, io, async () => {
          const worker = await client.workers[verb](id, request);
          return options.wait && STARTING.has(verb) ? staying(client, worker, io) : worker;
        });
      const isTold = options.wait && options.json !== true;
      const told = <T>(work: () => Promise<T>): Promise<T> =>
        isTold ? withProgress((signal) => look(client, ids, signal), work, io) : work();
      const past = options.wait ? PAST[verb] : `asked to ${verb}`;
      const done = (worker: WorkerResource): string => doneText(past, worker, (io.clock ?? systemClock).now());

      const [only, ...others] = ids;
      if (only !== undefined && others.length === 0) {
        const worker = await told(() => operate(only));
        if (options.json === true) writeJson(io.stdout, worker);
        else io.stdout.write(done(worker));
        return;
      }
      // All at once: one may wait for another.
      const results = await told(() =>
        Promise.all(
          ids.map(async (id) => {
            const operated = await settled(id, operate(id));
            if (options.json !== true) {
              io.stdout.write('error' in operated ? failedText(operated.error, id) : done(operated.worker));
            }
            return operated;
          }),
        ),
      );
      if (options.json === true) writeJson(io.stdout, { results });
      const failed = results.filter((each) => 'error' in each).length;
      if (failed > 0) throw cliError('SOME_FAILED', { details: { failed, total: results.length } });
    },
  );
}

function requestOf(ids: readonly string[], { instance, force, ...options }: OperateOptions): WorkerStart {
  if (instance !== undefined && ids.length > 1) {
    throw cliError('ARGUMENT_INVALID', { details: { argument: '--instance', reason: 'it goes with one id' } });
  }
  return {
    ...waitRequest(options),
    ...(instance === undefined ? {} : { instance }),
    ...(force === undefined ? {} : { force }),
  };
}

/** What fails is its outcome, unless nothing more can go well. */
async function settled(id: string, work: Promise<WorkerResource>): Promise<Operated> {
  try {
    return { id, worker: await work };
  } catch (error) {
    const code = exitCodeOf(error);
    if (!isRoundhouseError(error) || code === EXIT.Unreachable || code === EXIT.Unauthenticated) throw error;
    return { id, error };
  }
}

async function look(client: Client, ids: readonly string[], signal: AbortSignal): Promise<readonly WorkerResource[]> {
  const found = await Promise.allSettled(ids.map((id) => client.getResource('worker', id, signal)));
  return found.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
}

function doneText(past: string, worker: WorkerResource, nowMs: number): string {
  return `${printable(`${past} ${worker.id}: ${stateText(worker, nowMs)}`)}\n`;
}

function failedText(error: RoundhouseError, id: string): string {
  const lines = [`failed ${printable(id)}`, ...errorLines(error).map((line) => `  ${line}`)];
  return lines.map((line) => `${line}\n`).join('');
}
