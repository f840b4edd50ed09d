import { Command } from 'commander';
import type { Io } from '../../io.ts';
import { listCommand, removeCommand, showCommand } from '../../resource/kindCommands.ts';
import { addCommand } from './add.ts';

export function groupCommand(io: Io): Command {
  return new Command('group')
    .description('groups of endpoints, and how they spread sessions')
    .addCommand(listCommand('endpoint_group', 'list all groups, by id', io))
    .addCommand(showCommand('endpoint_group', 'show a group', io))
    .addCommand(addCommand(io))
    .addCommand(removeCommand('endpoint_group', 'remove groups that nothing uses', io));
}
