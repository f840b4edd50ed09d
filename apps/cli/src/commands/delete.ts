import type { ResourceKindName } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../api.ts';
import { parseCount } from '../arguments.ts';
import { cliError } from '../errors.ts';
import type { Io } from '../io.ts';
import { writeJson } from '../render.ts';
import { kindsHelp, resourceKindOf } from '../resource/kinds.ts';
import { attempt, type Outcome, raiseFailures, writeOutcome } from '../resource/outcome.ts';

interface DeleteOptions extends ApiOptions {
  readonly filename?: readonly string[];
  readonly ifVersion?: number;
}

interface Target {
  readonly kind: ResourceKindName;
  readonly id: string;
}

export function deleteCommand(io: Io): Command {
  const command = new Command('delete')
    .description('remove resources, by their ids or those of a manifest')
    .argument('[kind]', 'what they are, like endpoint')
    .argument('[id...]', 'their ids')
    .option(
      '-f, --filename <file...>',
      'a manifest instead: all that it names is removed, last first; - reads standard input',
    )
    .option('--if-version <n>', 'only while it is the one of this version', parseCount);
  return withApiOptions(command)
    .addHelpText('after', kindsHelp)
    .action(async (text: string | undefined, ids: readonly string[], options: DeleteOptions) => {
      const targets = await targetsOf(text, ids, options, io);
      const { ifVersion: version, json } = options;
      const condition = version === undefined ? {} : { version };
      using client = await connect(options, io);
      const remove = async ({ kind, id }: Target): Promise<Omit<Outcome, 'kind' | 'id'>> => {
        await client.deleteResource(kind, id, condition);
        return { outcome: 'deleted' };
      };
      const [only, ...others] = targets;
      if (only !== undefined && others.length === 0) {
        const outcome = { ...only, ...(await remove(only)) };
        if (json === true) writeJson(io.stdout, { results: [outcome] });
        else writeOutcome(outcome, io.stdout);
        return;
      }
      const outcomes: Outcome[] = [];
      const tell = (outcome: Outcome): void => {
        outcomes.push(outcome);
        if (json !== true) writeOutcome(outcome, io.stdout);
      };
      let left: readonly Target[] = targets;
      while (left.length > 0) {
        const inUse: Outcome[] = [];
        for (const target of left) {
          const outcome = await attempt(target, () => remove(target));
          if (outcome.error?.code === 'RESOURCE_IN_USE') inUse.push(outcome);
          else tell(outcome);
        }
        // What used it may have gone by now.
        const isStuck = inUse.length === left.length;
        if (isStuck) inUse.forEach(tell);
        left = isStuck ? [] : inUse;
      }
      if (json === true) writeJson(io.stdout, { results: outcomes });
      raiseFailures(outcomes);
    });
}

async function targetsOf(
  text: string | undefined,
  ids: readonly string[],
  { filename, ifVersion }: DeleteOptions,
  io: Io,
): Promise<readonly Target[]> {
  if (filename !== undefined) {
    if (text !== undefined) throw invalid('the kind', 'the manifest says it; leave one of the two out');
    if (ifVersion !== undefined) throw invalid('--if-version', 'it goes with one id');
    const { readManifests } = await import('../resource/manifest.ts');
    const wanted = await readManifests(filename, io);
    return wanted.toReversed().map(({ kind, id }) => ({ kind, id }));
  }
  if (text === undefined) throw invalid('the kind', 'give KIND ID, or a manifest with -f');
  const kind = await resourceKindOf(text);
  if (ids.length === 0) throw invalid('the id', `say which ${kind.many}`);
  if (ifVersion !== undefined && ids.length > 1) throw invalid('--if-version', 'it goes with one id');
  return [...new Set(ids)].map((id) => ({ kind: kind.name, id }));
}

function invalid(argument: string, reason: string): Error {
  return cliError('ARGUMENT_INVALID', { details: { argument, reason } });
}
