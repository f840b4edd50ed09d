import type { Client, ResourceInput, ResourceKind, ResourceKindName } from '@roundhouse/api';
import type { ApiOptions } from '../api.ts';
import type { Io } from '../io.ts';
import { writeJson } from '../render.ts';
import { find } from './get.ts';
import type { Wanted } from './manifest.ts';
import { attempt, type Outcome, raiseFailures, writeOutcome } from './outcome.ts';

/** Makes resources what is wanted of them, in this order, and says of each what was done. Raises SOME_FAILED. */
export async function applyAll(client: Client, wanted: readonly Wanted[], { json }: ApiOptions, io: Io): Promise<void> {
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
