/** The commands that a noun has for its kind, as `endpoint list`. */
import type { ResourceKindName } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../api.ts';
import type { Io } from '../io.ts';
import { facts, writeJson } from '../render.ts';
import { getResources } from './get.ts';

export function listCommand(kind: ResourceKindName, description: string, io: Io): Command {
  const command = new Command('list').description(description);
  return withApiOptions(command).action(async (options: ApiOptions) => {
    const { RESOURCE_KINDS } = await import('@roundhouse/api');
    await getResources(RESOURCE_KINDS[kind], [], options, io);
  });
}

export function showCommand(kind: ResourceKindName, description: string, io: Io): Command {
  const command = new Command('show').description(description).argument('<id>', 'its id');
  return withApiOptions(command).action(async (id: string, options: ApiOptions) => {
    using client = await connect(options, io);
    const resource = await client.getResource(kind, id);
    if (options.json === true) writeJson(io.stdout, resource);
    else io.stdout.write(facts(resource));
  });
}

/** A verb and its past: `remove`, `removed`. */
type Removal = readonly [verb: string, past: string];

export function removeCommand(
  kind: ResourceKindName,
  description: string,
  io: Io,
  [verb, past]: Removal = ['remove', 'removed'],
): Command {
  const command = new Command(verb).description(description).argument('<id...>', 'their ids');
  return withApiOptions(command).action(async (ids: readonly string[], options: ApiOptions) => {
    using client = await connect(options, io);
    for (const id of ids) {
      await client.deleteResource(kind, id);
      if (options.json !== true) io.stdout.write(`${past} ${id}\n`);
    }
    if (options.json === true) writeJson(io.stdout, { [past]: ids });
  });
}
