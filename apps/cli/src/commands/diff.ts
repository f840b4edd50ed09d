import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../api.ts';
import { EXIT } from '../exit.ts';
import type { VerdictIo } from '../io.ts';
import { printable, writeJson } from '../render.ts';
import type { FieldDifference } from '../resource/compare.ts';
import type { Step } from '../resource/plan.ts';

interface DiffOptions extends ApiOptions {
  readonly filename: readonly string[];
}

export function diffCommand(io: VerdictIo): Command {
  const command = new Command('diff')
    .description('show what "apply" would change, field by field')
    .requiredOption('-f, --filename <file...>', 'YAML or JSON, as for "apply"; - reads standard input');
  return withApiOptions(command)
    .addHelpText('after', '\nExit code 0: no difference; 8: there are some.\n')
    .action(async ({ filename, ...options }: DiffOptions) => {
      const { readManifests } = await import('../resource/manifest.ts');
      const { planOf, planNotes } = await import('../resource/plan.ts');
      const wanted = await readManifests(filename, io);
      using client = await connect(options, io);
      const steps = await planOf(client, wanted);
      const changes = steps.filter(({ change }) => change !== 'none');
      if (options.json === true) {
        const notCompared = steps.filter((step) => step.notCompared.length > 0);
        writeJson(io.stdout, {
          differences: changes.map(changeOf),
          not_compared: notCompared.map((step) => ({ ...nameOf(step), paths: step.notCompared })),
        });
      } else {
        io.stdout.write(changes.length === 0 ? 'No differences.\n' : changes.map(changeText).join(''));
        io.stderr.write(printable(planNotes(steps), true));
      }
      if (changes.length > 0) io.conclude(EXIT.Findings);
    });
}

function nameOf({ wanted: { kind, id } }: Step) {
  return { kind, id };
}

function changeOf(step: Step) {
  const fields = step.differences.map(({ path, from, to }) => ({ path, from: from ?? null, to: to ?? null }));
  return { ...nameOf(step), change: step.change, fields, obstacle: step.obstacle ?? null };
}

function changeText({ wanted, change, differences, obstacle }: Step): string {
  const isNew = change === 'create';
  const lines = [
    `${isNew ? '+' : '~'} ${wanted.kind} ${wanted.id}`,
    ...(obstacle === undefined ? [] : [`    the server will refuse this: ${obstacle}`]),
    ...differences.map((each) => `    ${fieldText(each, isNew)}`),
  ];
  return lines.map((line) => `${printable(line)}\n`).join('');
}

function fieldText({ path, from, to }: FieldDifference, isNew: boolean): string {
  return isNew ? `${path}: ${valueText(to)}` : `${path}: ${valueText(from)} -> ${valueText(to)}`;
}

function valueText(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
