import type { Client } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../api.ts';
import type { Io } from '../io.ts';
import { printable, writeJson } from '../render.ts';
import { applyAll } from '../resource/apply.ts';
import type { Wanted } from '../resource/manifest.ts';
import type { Step } from '../resource/plan.ts';

interface ApplyOptions extends ApiOptions {
  readonly filename: readonly string[];
  readonly dryRun?: boolean;
}

export function applyCommand(io: Io): Command {
  const command = new Command('apply')
    .summary('make the resources of a manifest what it says')
    .description('make the resources of a manifest what it says: those that are new are added, others changed')
    .requiredOption(
      '-f, --filename <file...>',
      'YAML or JSON with sections as in a configuration file; - reads standard input',
    )
    .option('--dry-run', 'only say what would be done');
  return withApiOptions(command)
    .addHelpText(
      'after',
      '\nWhat a manifest leaves out of a resource takes its default. A resource that somebody changes meanwhile is not\n' +
        'overwritten. Exit code 8: some of it failed, the rest is done; 11: a file is not valid, nothing is done.\n',
    )
    .action(async ({ filename, dryRun, ...options }: ApplyOptions) => {
      const { readManifests } = await import('../resource/manifest.ts');
      const wanted = await readManifests(filename, io);
      using client = await connect(options, io);
      if (dryRun === true) await say(client, wanted, options, io);
      else await applyAll(client, wanted, options, io);
    });
}

async function say(client: Client, wanted: readonly Wanted[], { json }: ApiOptions, io: Io): Promise<void> {
  const { planOf, planNotes } = await import('../resource/plan.ts');
  const steps = await planOf(client, wanted);
  if (json === true) return writeJson(io.stdout, { dry_run: true, results: steps.map(resultOf) });
  for (const step of steps) {
    const { kind, id, outcome, fields, obstacle } = resultOf(step);
    const what = fields.length === 0 || outcome === 'created' ? '' : `: ${fields.join(', ')}`;
    io.stdout.write(`would be ${outcome.padEnd('unchanged'.length)}  ${kind} ${printable(id + what)}\n`);
    if (obstacle !== null && outcome !== 'unchanged') io.stdout.write(`  but the server will refuse: ${obstacle}\n`);
  }
  io.stderr.write(printable(planNotes(steps), true));
}

const OUTCOMES = { create: 'created', change: 'changed', none: 'unchanged' } as const;

function resultOf({ wanted: { kind, id }, change, differences, notCompared, obstacle }: Step) {
  const fields = differences.map(({ path }) => path);
  return { kind, id, outcome: OUTCOMES[change], fields, not_compared: notCompared, obstacle: obstacle ?? null };
}
