import { systemClock } from '@roundhouse/core';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { parseCount } from '../../arguments.ts';
import type { Io } from '../../io.ts';
import { printable, writeJson } from '../../render.ts';
import { explained } from '../../worker/evidence.ts';
import { stateText } from '../../worker/state.ts';

export function scaleCommand(io: Io): Command {
  const command = new Command('scale')
    .description('run more or fewer instances of a worker, until it is specified anew')
    .argument('<id>', 'its id')
    .argument('<replicas>', 'how many instances', parseCount);
  return withApiOptions(command).action(async (id: string, replicas: number, options: ApiOptions) => {
    using client = await connect(options, io);
    const worker = await explained(client, id, io, () => client.workers.scale(id, replicas));
    const nowMs = (io.clock ?? systemClock).now();
    if (options.json === true) writeJson(io.stdout, worker);
    else io.stdout.write(`${printable(`scaled ${id} to ${replicas}: ${stateText(worker, nowMs)}`)}\n`);
  });
}
