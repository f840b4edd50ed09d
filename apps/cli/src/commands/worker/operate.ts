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

interface OperateOptions extends WaitOptions {
  readonly instance?: number;
  readonly force?: boolean;
}

const PAST = { start: 'started', stop: 'stopped', restart: 'restarted', reload: 'reloaded' } as const;

type Verb = keyof typeof PAST;

const DESCRIPTIONS: Readonly<Record<Verb, string>> = {
  start: 'start workers, and come back when they are ready or run',
  stop: 'stop workers, with those that are to go with them',
  restart: 'stop workers and start them again, one instance after the other',
  reload: 'have workers read their own configuration again',
};

/** What became of one of several. */
interface Operated {
  readonly id: string;
  readonly worker?: WorkerResource;
  readonly error?: RoundhouseError;
}

export function operateCommand(verb: Verb, io: Io): Command {
  const command = new Command(verb).description(DESCRIPTIONS[verb]).argument('<id...>', 'their ids');
  if (verb === 'start') command.option('--force', 'past backoff, breaker and dependencies');
  return withApiOptions(withWaitOptions(withInstanceOption(command))).action(
    async (ids: readonly string[], options: OperateOptions) => {
      const { instance, force, json } = options;
      if (instance !== undefined && ids.length > 1) {
        throw cliError('ARGUMENT_INVALID', { details: { argument: '--instance', reason: 'it goes with one id' } });
      }
      const request: WorkerStart = {
        ...waitRequest(options),
        ...(instance === undefined ? {} : { instance }),
        ...(force === undefined ? {} : { force }),
      };
      using client = await connect(options, io);
      const nowMs = (): number => (io.clock ?? systemClock).now();
      const done = ({ id, worker, error }: Operated): void => {
        if (json === true) return;
        if (error !== undefined) io.stdout.write(failedText(id, error));
        else if (worker !== undefined) {
          const what = options.wait ? `${PAST[verb]} ${id}` : `asked to ${verb} ${id}`;
          io.stdout.write(`${printable(`${what}: ${stateText(worker, nowMs())}`)}\n`);
        }
      };
      const operateOne = (id: string): Promise<WorkerResource> =>
        explained(client, id, io, () => client.workers[verb](id, request));
      const operate = async (): Promise<readonly Operated[]> => {
        const [only, ...others] = ids;
        if (only !== undefined && others.length === 0) {
          const operated = { id: only, worker: await operateOne(only) };
          done(operated);
          return [operated];
        }
        // All at once: one may wait for another.
        return Promise.all(
          [...new Set(ids)].map(async (id) => {
            const operated = await settled(id, operateOne(id));
            done(operated);
            return operated;
          }),
        );
      };
      const isTold = options.wait && json !== true;
      const results = await (isTold ? withProgress((signal) => look(client, ids, signal), operate, io) : operate());
      if (json === true) writeJson(io.stdout, ids.length === 1 ? results[0]?.worker : { results });
      const failed = results.filter(({ error }) => error !== undefined).length;
      if (failed > 0) throw cliError('SOME_FAILED', { details: { failed, total: results.length } });
    },
  );
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

function failedText(id: string, error: RoundhouseError): string {
  return [`failed ${printable(id)}`, ...errorLines(error).map((line) => `  ${line}`)]
    .map((line) => `${line}\n`)
    .join('');
}
