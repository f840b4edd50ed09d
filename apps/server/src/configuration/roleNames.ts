import type { Finding, Path } from '@roundhouse/config';
import { nearest } from '@roundhouse/core';
import { BUILT_IN_ROLES } from '../policy/builtIn.ts';
import type { ConfigurationValue } from './definition.ts';

const BUILT_IN: readonly string[] = BUILT_IN_ROLES.map(({ id }) => id);

/** Roles that nothing defines, and own ones with the name of a built-in one: those are there without being written. */
export function* roleNames(value: ConfigurationValue): Iterable<Finding> {
  const own = value.roles ?? [];
  for (const [index, { id }] of own.entries()) {
    if (!BUILT_IN.includes(id)) continue;
    const reason = `The role ${id} is part of the product`;
    yield {
      path: ['roles', index, 'id'],
      details: { reason },
      hint: 'Choose another id; what it allows can be seen with `roundhouse get role`.',
    };
  }
  const known = [...new Set([...BUILT_IN, ...own.map(({ id }) => id)])];
  for (const [path, name] of named(value)) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    yield {
      path,
      code: 'CONFIG_REFERENCE',
      details: { name, target: 'role' },
      expected: known.map((each) => `\`${each}\``).join(', '),
      ...(near === undefined ? {} : { suggestion: near }),
    };
  }
}

type Name = readonly [path: Path, name: string];

function named(value: ConfigurationValue): Name[] {
  const { principals = [], api_keys: keys = [], limits, authentication, masking } = value;
  const { issuers = [], ldap } = authentication ?? {};
  return [
    ...principals.flatMap(({ roles }, at) => inList(['principals', at, 'roles'], roles)),
    ...keys.flatMap(({ roles }, at) => inList(['api_keys', at, 'roles'], roles)),
    ...Object.keys(limits?.rate_by_role ?? {}).map((role): Name => [['limits', 'rate_by_role', role], role]),
    ...inList(['masking', 'exempt_roles'], masking?.exempt_roles),
    ...issuers.flatMap(({ roles }, at) => inMapping(['authentication', 'issuers', at, 'roles'], roles)),
    ...inMapping(['authentication', 'ldap', 'groups'], ldap?.groups),
  ];
}

interface Mapping {
  readonly map?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly default?: readonly string[] | undefined;
}

function inMapping(path: Path, mapping: Mapping | undefined): Name[] {
  return [
    ...Object.entries(mapping?.map ?? {}).flatMap(([outside, roles]) => inList([...path, 'map', outside], roles)),
    ...inList([...path, 'default'], mapping?.default),
  ];
}

function inList(path: Path, roles: readonly string[] = []): Name[] {
  return roles.map((role, index) => [[...path, index], role]);
}
