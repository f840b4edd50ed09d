import { Command } from 'commander';
import type { Io } from '../../io.ts';
import { closeCommand } from './close.ts';
import { explainCommand } from './explain.ts';
import { takeoverCommand } from './takeover.ts';
import { inputCommand } from './input.ts';
import { listCommand } from './list.ts';
import { migrateCommand } from './migrate.ts';
import { openCommand } from './open.ts';
import { resumeCommand } from './resume.ts';
import { screenCommand } from './screen.ts';
import { showCommand } from './show.ts';
import { snapshotCommand } from './snapshot.ts';
import { suspendCommand } from './suspend.ts';

export function sessionCommand(argv: readonly string[], io: Io): Command {
  return new Command('session')
    .description('sessions to 3270 hosts')
    .addCommand(openCommand(io))
    .addCommand(listCommand(io))
    .addCommand(showCommand(io))
    .addCommand(screenCommand(io))
    .addCommand(inputCommand(argv, io))
    .addCommand(suspendCommand(io))
    .addCommand(resumeCommand(io))
    .addCommand(migrateCommand(io))
    .addCommand(snapshotCommand(io))
    .addCommand(explainCommand(io))
    .addCommand(takeoverCommand(io))
    .addCommand(closeCommand(io));
}
