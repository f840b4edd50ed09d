import { Command } from 'commander';
import type { Io } from '../../io.ts';
import { addCommand } from './add.ts';
import { listCommand } from './list.ts';
import { removeCommand } from './remove.ts';
import { showCommand } from './show.ts';

export function groupCommand(io: Io): Command {
  return new Command('group')
    .description('groups of endpoints, and how they spread sessions')
    .addCommand(listCommand(io))
    .addCommand(showCommand(io))
    .addCommand(addCommand(io))
    .addCommand(removeCommand(io));
}
