import { Command } from 'commander';
import { connect, withApiOptions } from '../../../api.ts';
import type { Io } from '../../../io.ts';
import { writeJson } from '../../../render.ts';
import { allWorkers } from '../../../worker/all.ts';
import { explainedGroup } from '../../../worker/evidence.ts';
import { groupText } from '../../../worker/groupText.ts';
import { type WaitOptions, waitRequest, withWaitOptions } from '../../../worker/options.ts';
import { withProgress } from '../../../worker/progress.ts';
import { staying } from '../../../worker/staying.ts';

const DONE = {
  start: ['startGroup', 'started', 'start all workers of a group, each behind those that it depends on'],
  stop: ['stopGroup', 'stopped', 'stop all workers of a group, each before those that it depends on'],
  restart: ['restartGroup', 'restarted', 'restart all workers of a group'],
} as const;

export function operateCommand(verb: keyof typeof DONE, io: Io): Command {
  const [call, past, description] = DONE[verb];
  const command = new Command(verb).description(description).argument('<group>', 'its name');
  return withApiOptions(withWaitOptions(command)).action(async (name: string, options: WaitOptions) => {
    using client = await connect(options, io);
    const operate = () =>
      explainedGroup(client, name, io, async () => {
        const group = await client.workers[call](name, waitRequest(options));
        if (!options.wait || verb === 'stop') return group;
        const workers = await allWorkers(client, name).catch(() => []);
        await Promise.all(workers.map((worker) => staying(client, worker, io)));
        return group;
      });
    const isTold = options.wait && options.json !== true;
    const group = await (isTold ? withProgress((signal) => allWorkers(client, name, signal), operate, io) : operate());
    if (options.json === true) writeJson(io.stdout, group);
    else io.stdout.write(groupText(options.wait ? past : `asked to ${verb}`, group));
  });
}
