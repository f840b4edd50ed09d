import { Command } from 'commander';
import type { Io } from '../../io.ts';
import { listCommand } from './list.ts';
import { removeCommand } from './remove.ts';
import { showCommand } from './show.ts';
import { textCommand } from './text.ts';

export function mailCommand(io: Io): Command {
  return new Command('mail')
    .description('mail that was received and is kept in the store')
    .addCommand(listCommand(io))
    .addCommand(showCommand(io))
    .addCommand(textCommand(io))
    .addCommand(removeCommand(io));
}
