import { Command } from 'commander';
import { EXIT } from '../../exit.ts';
import type { VerdictIo } from '../../io.ts';
import { escapeControls, writeJson } from '../../render.ts';
import { withFaults } from './faults.ts';
import { type FileOptions, readFile, withFileOptions } from './file.ts';

export function diffCommand(io: VerdictIo): Command {
  const command = new Command('diff')
    .description('show what leads from one configuration file to another, and what each change takes')
    .argument('<before>', 'configuration file')
    .argument('<after>', 'configuration file');
  return withFileOptions(command).action(async (before: string, after: string, options: FileOptions) => {
    const { diffConfig, renderPlan } = await import('@roundhouse/config');
    const { PLAN_RULES } = await import('@roundhouse/server');
    const from = await withFaults(io, readFile(before, options, io));
    const to = await withFaults(io, readFile(after, options, io));
    const plan = diffConfig(from.value, to.value, PLAN_RULES);
    if (options.json === true) writeJson(io.stdout, plan);
    else io.stdout.write(escapeControls(renderPlan(plan)));
    if (plan.changes.length > 0) io.conclude(EXIT.Findings);
  });
}
