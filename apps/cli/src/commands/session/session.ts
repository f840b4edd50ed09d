import { Command } from 'commander';
import type { Io } from '../../io.ts';
import { closeCommand } from './close.ts';
import { inputCommand } from './input.ts';
import { listCommand } from './list.ts';
import { openCommand } from './open.ts';
import { screenCommand } from './screen.ts';
import { showCommand } from './show.ts';

export function sessionCommand(argv: readonly string[], io: Io): Command {
  return new Command('session')
    .description('sessions to 3270 hosts')
    .addCommand(openCommand(io))
    .addCommand(listCommand(io))
    .addCommand(showCommand(io))
    .addCommand(screenCommand(io))
    .addCommand(inputCommand(argv, io))
    .addCommand(closeCommand(io));
}
