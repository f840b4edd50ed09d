import { Command } from 'commander';
import type { Io } from '../../io.ts';
import { addCommand } from './add.ts';
import { drainCommand } from './drain.ts';
import { healthCommand } from './health.ts';
import { listCommand } from './list.ts';
import { removeCommand } from './remove.ts';
import { setCommand } from './set.ts';
import { showCommand } from './show.ts';

export function endpointCommand(io: Io): Command {
  return new Command('endpoint')
    .description('hosts that groups spread their sessions over')
    .addCommand(listCommand(io))
    .addCommand(showCommand(io))
    .addCommand(addCommand(io))
    .addCommand(setCommand(io))
    .addCommand(removeCommand(io))
    .addCommand(healthCommand(io))
    .addCommand(drainCommand(io));
}
