import type { ReloadPlan } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { withFaults } from './faults.ts';
import { cellText, printable, table, writeJson } from '../../render.ts';

interface ReloadOptions extends ApiOptions {
  readonly dryRun?: boolean;
}

export function reloadCommand(io: Io): Command {
  const command = new Command('reload')
    .description('let the server read its configuration again and apply what has changed, all or nothing')
    .option('--dry-run', 'only say what would be done');
  return withApiOptions(command).action(async (options: ReloadOptions) => {
    using client = await connect(options, io);
    const plan = await withFaults(io, client.reloadConfiguration(options.dryRun === true ? { dry_run: true } : {}));
    if (options.json === true) return writeJson(io.stdout, plan);
    io.stdout.write(reloadReport(plan));
    for (const warning of plan.warnings) io.stderr.write(`warning: ${printable(warning)}\n`);
  });
}

/** What a worker that is specified otherwise goes through. */
const WORKER_EFFECTS: Readonly<Record<ReloadPlan['workers'][number]['effect'], string>> = {
  add: 'is added',
  remove: 'is stopped and forgotten',
  live: 'goes on, and is changed as it runs',
  restart: 'is restarted',
};

export function reloadReport({ applied, changes, workers }: ReloadPlan): string {
  if (changes.length === 0) return 'Nothing has changed.\n';
  const parts = [
    table(
      ['CHANGE', 'WHAT', 'FIELDS', 'HOW'],
      changes.map(({ op, path, fields, action }) => [op, path, cellText(fields), action]),
    ),
    ...(workers.length === 0
      ? []
      : [
          table(
            ['WORKER', 'WHAT BECOMES OF IT'],
            workers.map(({ worker, effect }) => [worker, WORKER_EFFECTS[effect]]),
          ),
        ]),
    applied ? 'Applied.\n' : 'Not applied: this is what would be done.\n',
  ];
  return parts.join('\n');
}
