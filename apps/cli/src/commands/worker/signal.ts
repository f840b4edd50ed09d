import type { WorkerSignalRequest } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { parseName } from '../../arguments.ts';
import type { Io } from '../../io.ts';
import { printable, writeJson } from '../../render.ts';
import { explained } from '../../worker/evidence.ts';
import { withInstanceOption } from '../../worker/options.ts';

interface SignalOptions extends ApiOptions {
  readonly instance?: number;
}

export function signalCommand(io: Io): Command {
  const command = new Command('signal')
    .description('send a signal to a worker')
    .argument('<id>', 'its id')
    .argument('<signal>', 'name of the signal, like HUP or SIGUSR1');
  return withApiOptions(withInstanceOption(command)).action(
    async (id: string, text: string, { instance, ...options }: SignalOptions) => {
      const { SIGNALS } = await import('@roundhouse/api');
      const signal = parseName('signal', text.replace(/^SIG/i, ''), SIGNALS);
      const request: WorkerSignalRequest = { signal, ...(instance === undefined ? {} : { instance }) };
      using client = await connect(options, io);
      await explained(client, id, io, () => client.workers.signal(id, request));
      if (options.json === true) writeJson(io.stdout, { worker: id, ...request });
      else io.stdout.write(`sent ${signal} to ${printable(id)}\n`);
    },
  );
}
