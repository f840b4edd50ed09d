import type { Client, ResourceKindName } from '@roundhouse/api';
import { createScope, isRoundhouseError } from '@roundhouse/core';
import { type ApiOptions, connect } from '../api.ts';
import { followEvents } from '../events.ts';
import { EXIT, exitCodeOf } from '../exit.ts';
import { stopSignal } from '../foreground.ts';
import type { Io } from '../io.ts';
import { allPages } from '../pages.ts';
import { createWriter, type OutputFormat } from './output.ts';
import type { AnyKind, AnyResource } from './views.ts';

export interface GetOptions extends ApiOptions {
  readonly output?: OutputFormat;
}

/** Shows resources of a kind, all of them where no id is given. */
export async function getResources(kind: AnyKind, ids: readonly string[], options: GetOptions, io: Io): Promise<void> {
  const writer = await createWriter(kind, formatOf(options), io.stdout);
  using client = await connect(options, io);
  writer.all(await read(client, kind, ids), ids.length === 1);
}

/** Shows them, and each again whenever an event says that it is another, until it is stopped. */
export async function watchResources(
  kind: AnyKind,
  ids: readonly string[],
  options: GetOptions,
  io: Io,
): Promise<void> {
  const writer = await createWriter(kind, formatOf(options), io.stdout);
  using scope = createScope({ signal: stopSignal(io), ...(io.clock === undefined ? {} : { clock: io.clock }) });
  using client = await connect(options, io);
  const [subject, ...others] = ids;
  const wanted = {
    types: [`${kind.name}.`],
    ...(subject !== undefined && others.length === 0 ? { subject } : {}),
  };
  const events = followEvents(wanted, options, scope, io);
  // The stream is asked for first: what changes while the list is read is then shown twice, and not missed.
  let next = events.next();
  next.catch(() => {});
  writer.all(await read(client, kind, ids), ids.length === 1);
  for (let event = await next; event.done !== true; event = await next) {
    const { subject: id } = event.value;
    if (ids.length === 0 || ids.includes(id)) {
      const resource = await find(client, kind.name, id, scope.signal);
      if (scope.signal.aborted) return;
      if (resource === undefined) writer.gone(id);
      else writer.changed(resource);
    }
    next = events.next();
  }
}

/** Undefined when there is none. */
export async function find(
  client: Client,
  kind: ResourceKindName,
  id: string,
  signal?: AbortSignal,
): Promise<AnyResource | undefined> {
  try {
    return await client.getResource(kind, id, signal);
  } catch (error) {
    if (signal?.aborted === true) return undefined;
    if (isRoundhouseError(error) && exitCodeOf(error) === EXIT.NotFound) return undefined;
    throw error;
  }
}

async function read(client: Client, { name }: AnyKind, ids: readonly string[]): Promise<readonly AnyResource[]> {
  if (ids.length === 0) return allPages((query) => client.listResources(name, query));
  const found: AnyResource[] = [];
  for (const id of ids) found.push(await client.getResource(name, id));
  return found;
}

function formatOf({ output, json }: GetOptions): OutputFormat {
  return output ?? (json === true ? 'json' : 'table');
}
