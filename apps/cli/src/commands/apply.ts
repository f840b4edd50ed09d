import type { Client, ResourceInput, ResourceKind, ResourceKindName } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../api.ts';
import type { Io } from '../io.ts';
import { printable, writeJson } from '../render.ts';
import { find } from '../resource/get.ts';
import type { Wanted } from '../resource/manifest.ts';
import { attempt, type Outcome, raiseFailures, writeOutcome } from '../resource/outcome.ts';
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
      else await apply(client, wanted, options, io);
    });
}

async function apply(client: Client, wanted: readonly Wanted[], { json }: ApiOptions, io: Io): Promise<void> {
  const outcomes: Outcome[] = [];
  for (const each of wanted) {
    const outcome = await attempt(each, () => applyOne(client, each));
    outcomes.push(outcome);
    if (json !== true) writeOutcome(outcome, io.stdout);
  }
  if (json === true) writeJson(io.stdout, { dry_run: false, results: outcomes });
  if (outcomes.some((outcome) => outcome.shown_once !== undefined)) {
    io.stderr.write('Secrets were made and are shown this once: keep them.\n');
  }
  raiseFailures(outcomes);
}

async function applyOne(client: Client, { kind, id, input }: Wanted): Promise<Omit<Outcome, 'kind' | 'id'>> {
  const before = await find(client, kind, id);
  if (before === undefined) {
    const created = await client.createResource(kind, input as ResourceInput<ResourceKindName>);
    const once = await shownOnce(kind, created);
    return { outcome: 'created', ...(Object.keys(once).length === 0 ? {} : { shown_once: once }) };
  }
  const { id: _id, ...rest } = input as ResourceInput<ResourceKindName>;
  const after = await client.putResource(kind, id, rest, { version: before.version });
  return { outcome: after.version === before.version ? 'unchanged' : 'changed' };
}

/** What the answer to a creation has that the resource does not show later. */
async function shownOnce(kind: ResourceKindName, created: object): Promise<Record<string, unknown>> {
  const { RESOURCE_KINDS } = await import('@roundhouse/api');
  const { resource }: ResourceKind = RESOURCE_KINDS[kind];
  return Object.fromEntries(
    Object.entries(created).filter(([name, value]) => !(name in resource.shape) && value !== null),
  );
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
