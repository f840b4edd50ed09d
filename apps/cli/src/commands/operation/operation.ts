import { Command } from 'commander';
import type { Io } from '../../io.ts';
import { listCommand } from './list.ts';
import { showCommand } from './show.ts';
import { waitCommand } from './wait.ts';

export function operationCommand(io: Io): Command {
  return new Command('operation')
    .summary('work that goes on behind an answer, like moves of sessions')
    .description('work that goes on behind an answer: moves of sessions, drains')
    .addCommand(listCommand(io))
    .addCommand(showCommand(io))
    .addCommand(waitCommand(io));
}
