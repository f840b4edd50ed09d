import { Command } from 'commander';
import type { Io } from '../../../io.ts';
import { listCommand } from './list.ts';
import { operateCommand } from './operate.ts';
import { scaleCommand } from './scale.ts';

export function groupCommand(io: Io): Command {
  return new Command('group')
    .description('workers that are started, stopped and scaled together')
    .addCommand(listCommand(io))
    .addCommand(operateCommand('start', io))
    .addCommand(operateCommand('stop', io))
    .addCommand(operateCommand('restart', io))
    .addCommand(scaleCommand(io));
}
