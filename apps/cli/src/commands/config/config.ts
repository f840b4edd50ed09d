import { Command } from 'commander';
import type { VerdictIo } from '../../io.ts';
import { checkCommand } from './check.ts';
import { diffCommand } from './diff.ts';
import { explainCommand } from './explain.ts';
import { overrideCommand } from './override.ts';
import { reloadCommand } from './reload.ts';
import { schemaCommand } from './schema.ts';
import { showCommand } from './show.ts';

export function configCommand(io: VerdictIo): Command {
  return new Command('config')
    .description('configuration files, and the configuration of the server')
    .addCommand(checkCommand(io))
    .addCommand(explainCommand(io))
    .addCommand(diffCommand(io))
    .addCommand(schemaCommand(io))
    .addCommand(showCommand(io))
    .addCommand(reloadCommand(io))
    .addCommand(overrideCommand(io));
}
