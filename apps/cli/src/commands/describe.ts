import type { Client, ResourceKind, ResourceKindName } from '@roundhouse/api';
import { isRoundhouseError } from '@roundhouse/core';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../api.ts';
import { EXIT, exitCodeOf } from '../exit.ts';
import type { Io } from '../io.ts';
import { allPages } from '../pages.ts';
import { facts, printable, table, writeJson } from '../render.ts';
import { kindsHelp, resourceKindOf } from '../resource/kinds.ts';

interface User {
  readonly kind: ResourceKindName;
  readonly id: string;
}

interface Users {
  readonly users: readonly User[];
  /** Kinds that the caller may not list. */
  readonly hidden: readonly ResourceKindName[];
}

export function describeCommand(io: Io): Command {
  const command = new Command('describe')
    .description('show all facts of a resource, and what refers to it')
    .argument('<kind>', 'what it is, like group')
    .argument('<id>', 'its id');
  return withApiOptions(command)
    .addHelpText('after', kindsHelp)
    .action(async (text: string, id: string, options: ApiOptions) => {
      const kind = await resourceKindOf(text);
      using client = await connect(options, io);
      const resource = await client.getResource(kind.name, id);
      const { users, hidden } = await usersOf(client, kind.name, id);
      if (options.json === true) return writeJson(io.stdout, { resource, used_by: users, not_listed: hidden });
      io.stdout.write(facts({ kind: kind.one, ...resource }));
      if (users.length > 0)
        io.stdout.write(
          `\n${table(
            ['USED BY', 'ID'],
            users.map(({ kind: by, id: user }) => [by, user]),
          )}`,
        );
      if (hidden.length > 0)
        io.stderr.write(`What uses it is not known of: ${printable(hidden.join(', '))} (denied)\n`);
    });
}

/** The resources that name this one. */
async function usersOf(client: Client, kind: ResourceKindName, id: string): Promise<Users> {
  const { RESOURCE_KINDS } = await import('@roundhouse/api');
  const users: User[] = [];
  const hidden: ResourceKindName[] = [];
  for (const { name, references = [] } of Object.values<ResourceKind>(RESOURCE_KINDS)) {
    const by = name as ResourceKindName;
    const fields = references.filter((reference) => reference.kind === kind).map(({ field }) => field);
    if (fields.length === 0) continue;
    try {
      const resources = await allPages((query) => client.listResources(by, query));
      const naming = resources.filter((each) =>
        fields.some((field) => names((each as Record<string, unknown>)[field], id)),
      );
      users.push(...naming.map((each) => ({ kind: by, id: each.id })));
    } catch (error) {
      if (!isRoundhouseError(error) || exitCodeOf(error) !== EXIT.Denied) throw error;
      hidden.push(by);
    }
  }
  return { users, hidden };
}

function names(value: unknown, id: string): boolean {
  return value === id || (Array.isArray(value) && value.includes(id));
}
