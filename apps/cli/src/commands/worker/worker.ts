import { Command } from 'commander';
import type { VerdictIo } from '../../io.ts';
import { describeCommand } from './describe.ts';
import { execCommand } from './exec.ts';
import { groupCommand } from './group/group.ts';
import { historyCommand } from './history.ts';
import { importCommand } from './import.ts';
import { listCommand } from './list.ts';
import { logsCommand } from './logs.ts';
import { operateCommand } from './operate.ts';
import { scaleCommand } from './scale.ts';
import { signalCommand } from './signal.ts';
import { usageCommand } from './usage.ts';

export function workerCommand(io: VerdictIo): Command {
  return new Command('worker')
    .description('programs that are kept running')
    .addCommand(listCommand(io))
    .addCommand(describeCommand(io))
    .addCommand(operateCommand('start', io))
    .addCommand(operateCommand('stop', io))
    .addCommand(operateCommand('restart', io))
    .addCommand(operateCommand('reload', io))
    .addCommand(scaleCommand(io))
    .addCommand(logsCommand(io))
    .addCommand(usageCommand(io))
    .addCommand(historyCommand(io))
    .addCommand(signalCommand(io))
    .addCommand(execCommand(io))
    .addCommand(groupCommand(io))
    .addCommand(importCommand(io));
}
