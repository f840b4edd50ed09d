import { Command } from 'commander';
import type { Io } from '../../io.ts';
import { listCommand, removeCommand, showCommand } from '../../resource/kindCommands.ts';
import { addCommand } from './add.ts';
import { drainCommand } from './drain.ts';
import { healthCommand } from './health.ts';
import { setCommand } from './set.ts';

export function endpointCommand(io: Io): Command {
  return new Command('endpoint')
    .description('hosts that groups spread their sessions over')
    .addCommand(listCommand('endpoint', 'list all endpoints, by id', io))
    .addCommand(showCommand('endpoint', 'show an endpoint', io))
    .addCommand(addCommand(io))
    .addCommand(setCommand(io))
    .addCommand(removeCommand('endpoint', 'remove endpoints; their sessions are moved or end', io))
    .addCommand(healthCommand(io))
    .addCommand(drainCommand(io));
}
