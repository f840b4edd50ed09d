import { Command } from 'commander';
import type { VerdictIo } from '../../io.ts';
import { explainCommand } from './explain.ts';
import { factsCommand } from './facts.ts';
import { reportCommand } from './report.ts';
import { rulesCommand } from './rules.ts';

export function complianceCommand(io: VerdictIo): Command {
  return new Command('compliance')
    .description('rules over the state of the server, and the evidence')
    .addCommand(reportCommand(io))
    .addCommand(rulesCommand(io))
    .addCommand(explainCommand(io))
    .addCommand(factsCommand(io));
}
