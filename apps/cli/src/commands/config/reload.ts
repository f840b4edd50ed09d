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

export function reloadReport({ applied, changes }: ReloadPlan): string {
  if (changes.length === 0) return 'Nothing has changed.\n';
  const rows = changes.map(({ op, path, fields, action }) => [op, path, cellText(fields), action]);
  const last = applied ? 'Applied.' : 'Not applied: this is what would be done.';
  return `${table(['CHANGE', 'WHAT', 'FIELDS', 'HOW'], rows)}\n${last}\n`;
}
