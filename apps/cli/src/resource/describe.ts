import type { Client, ResourceKind, ResourceKindName } from '@roundhouse/api';
import { isRoundhouseError, systemClock } from '@roundhouse/core';
import { type ApiOptions, connect } from '../api.ts';
import { EXIT, exitCodeOf } from '../exit.ts';
import type { Io } from '../io.ts';
import { allPages } from '../pages.ts';
import { facts, printable, table, writeJson } from '../render.ts';
import { idsNamed, writtenFields } from './references.ts';
import { type AnyKind, viewOf } from './views.ts';

interface User {
  readonly kind: ResourceKindName;
  readonly id: string;
}

interface Users {
  readonly users: readonly User[];
  /** Kinds that the caller may not list. */
  readonly hidden: readonly ResourceKindName[];
}

/** Shows all facts of a resource, and what refers to it. */
export async function describeResource(kind: AnyKind, id: string, options: ApiOptions, io: Io): Promise<void> {
  using client = await connect(options, io);
  const resource = await client.getResource(kind.name, id);
  const { users, hidden } = await usersOf(client, kind.name, id);
  if (options.json === true) return writeJson(io.stdout, { resource, used_by: users, not_listed: hidden });
  const { report } = viewOf(kind.name);
  const nowMs = (io.clock ?? systemClock).now();
  io.stdout.write(report === undefined ? facts({ kind: kind.one, ...resource }) : report(resource, nowMs));
  if (users.length > 0) {
    const rows = users.map(({ kind: by, id: user }) => [by, user]);
    io.stdout.write(`\n${table(['USED BY', 'ID'], rows)}`);
  }
  if (hidden.length > 0) io.stderr.write(`What uses it is not known of: ${printable(hidden.join(', '))} (denied)\n`);
}

/** The resources that name this one. */
async function usersOf(client: Client, kind: ResourceKindName, id: string): Promise<Users> {
  const { RESOURCE_KINDS } = await import('@roundhouse/api');
  const users: User[] = [];
  const hidden: ResourceKindName[] = [];
  for (const other of Object.values<ResourceKind>(RESOURCE_KINDS)) {
    const { references = [] } = other;
    const by = other.name as ResourceKindName;
    const naming = references.filter((reference) => reference.kind === kind);
    if (naming.length === 0) continue;
    try {
      const resources = await allPages((query) => client.listResources(by, query));
      const found = resources.filter((each) =>
        naming.some((reference) => idsNamed(reference, writtenFields(other, each)).includes(id)),
      );
      users.push(...found.map((each) => ({ kind: by, id: each.id })));
    } catch (error) {
      if (!isRoundhouseError(error) || exitCodeOf(error) !== EXIT.Denied) throw error;
      hidden.push(by);
    }
  }
  return { users, hidden };
}
