import type { KindName, ResourceKindName } from '@roundhouse/api';
import { parseName } from '../arguments.ts';
import { cliError } from '../errors.ts';
import { type AnyKind, KINDS_SHOWN, viewOf } from './views.ts';

/** Things that come and go by themselves, with commands of their own. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  session: '"roundhouse session list"',
  sessions: '"roundhouse session list"',
  operation: '"roundhouse operation list"',
  operations: '"roundhouse operation list"',
  event: '"roundhouse watch"',
  events: '"roundhouse watch"',
};

/** The kind that is called so: in the singular, the plural, or short. Raises ARGUMENT_INVALID. */
export async function resourceKindOf(text: string): Promise<AnyKind> {
  const { RESOURCE_KINDS } = await import('@roundhouse/api');
  const other = ELSEWHERE[text.toLowerCase()];
  if (other !== undefined) {
    throw cliError('ARGUMENT_INVALID', { details: { argument: `kind "${text}"`, reason: `${other} shows them` } });
  }
  const names = new Map(
    Object.values(RESOURCE_KINDS).flatMap((kind) => namesOf(kind).map((name) => [name, kind] as const)),
  );
  const name = parseName('kind', text.replaceAll('-', '_'), [...names.keys()]);
  return names.get(name) as (typeof RESOURCE_KINDS)[ResourceKindName];
}

/** As `resourceKindOf`, of all that roles may speak of. Raises ARGUMENT_INVALID. */
export async function policyKindOf(text: string): Promise<KindName> {
  const { KINDS, RESOURCE_KINDS } = await import('@roundhouse/api');
  const names = new Map<string, KindName>(
    KINDS.flatMap((kind) => [[kind, kind] as const, [`${kind}s`, kind] as const]),
  );
  for (const kind of Object.values(RESOURCE_KINDS)) for (const name of namesOf(kind)) names.set(name, kind.name);
  return names.get(parseName('kind', text.replaceAll('-', '_'), [...names.keys()])) as KindName;
}

/** `endpoint_group`, `endpoint_groups`, `group`, `groups`, and a short name where there is one. */
function namesOf({ name, collection }: AnyKind): readonly string[] {
  const { short } = viewOf(name);
  const last = (text: string): string => text.slice(text.lastIndexOf('_') + 1);
  const all = [name, collection, last(name), last(collection), ...(short === undefined ? [] : [short, `${short}s`])];
  return [...new Set(all)];
}

/** For the help of commands that take a kind. */
export function kindsHelp(): string {
  const lines = KINDS_SHOWN.map((kind) => {
    const { short } = viewOf(kind);
    const last = kind.slice(kind.lastIndexOf('_') + 1);
    const others = [...(last === kind ? [] : [last]), ...(short === undefined ? [] : [short])];
    return `  ${[kind, ...others].join(', ')}\n`;
  });
  return `\nKinds, in the singular or plural:\n${lines.join('')}`;
}
