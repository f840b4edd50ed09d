import { nearest } from '@roundhouse/core';
import type { z } from 'zod';
import type { ConfigCode } from '../errors.ts';
import { configError } from '../errors.ts';
import { type ConfigNode, kindName, type MapNode, nodeAt, trail } from '../node.ts';
import type { Path } from '../path.ts';
import type { Faults, RelatedFault } from '../report/faults.ts';
import type { Place } from '../source.ts';
import { numberFor } from './quantity.ts';
import { booleanFor } from './settle.ts';
import { keysOfShapes, shapesAt } from './shape.ts';

type Issue = z.core.$ZodIssue;

export interface IssueContext {
  readonly root: MapNode;
  readonly schema: z.ZodObject;
  readonly faults: Faults;
  readonly format: (path: Path) => string;
  readonly isSecret: (path: Path) => boolean;
}

/** Tells what the schema found; returns the paths that are at fault, for later phases to leave alone. */
export function tellIssues(issues: readonly Issue[], context: IssueContext): Path[] {
  const flat = issues.flatMap((issue) => unfold(issue, []));
  const meant = new Set<string>();
  for (const { issue, path } of flat) {
    if (issue.code === 'unrecognized_keys') unknownKeys(issue.keys, path, context, meant);
  }
  for (const { issue, path } of flat) {
    // The key that is missing is there, but misspelt: that has been told.
    if (issue.code !== 'unrecognized_keys' && !meant.has(JSON.stringify(path))) tellIssue(issue, path, context);
  }
  return flat.map(({ path }) => path);
}

interface Located {
  readonly issue: Issue;
  readonly path: Path;
}

/** Of a union the variant that accepts the kind of value is the one that was meant; its own faults say more. */
function unfold(issue: Issue, base: Path): Located[] {
  const path = [...base, ...(issue.path as Path)];
  if (issue.code === 'invalid_union' && issue.discriminator === undefined) {
    const candidates = issue.errors.filter((branch) => !branch.some(isWrongKind));
    // Several ways to write it: all of them are told.
    if (candidates.length > 1 && candidates.every(isOfForm)) return [{ issue, path }];
    const meant = candidates.toSorted((a, b) => a.length - b.length)[0];
    if (meant !== undefined && candidates.length > 0) return meant.flatMap((each) => unfold(each, path));
  }
  if (issue.code === 'invalid_key' || issue.code === 'invalid_element') {
    return issue.issues.flatMap((each) => unfold({ ...each, path: [] }, path));
  }
  return [{ issue, path }];
}

function isWrongKind(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');
}

/** Nothing but the form of the text is wrong. */
function isOfForm(branch: readonly Issue[]): boolean {
  return branch.length === 1 && branch[0]?.code === 'invalid_format' && branch[0].path.length === 0;
}

function unknownKeys(keys: readonly string[], path: Path, context: IssueContext, meant: Set<string>): void {
  const { root, schema, faults, format } = context;
  const node = nodeAt(root, path);
  if (node?.kind !== 'map') return;
  const known = keysOfShapes(shapesAt(schema, root, path));
  // What only a default says is not written.
  const missing = known.filter((key) => (node.entries.get(key)?.keyPlace.source.layer ?? 'defaults') === 'defaults');
  for (const key of keys) {
    const entry = node.entries.get(key);
    if (entry === undefined) continue;
    const suggestion = nearest(key, missing) ?? nearest(key, known) ?? longer(key, missing);
    if (suggestion !== undefined) meant.add(JSON.stringify([...path, suggestion]));
    faults.add({
      phase: 'schema',
      code: 'CONFIG_UNKNOWN_KEY',
      place: entry.keyPlace,
      path: format([...path, key]),
      details: { key },
      expected: known.length === 0 ? 'no keys' : oneOf(known),
      suggestion,
      related: passagesTo(root, [...path, key]),
    });
  }
}

/** Of which `key` is the beginning, as in `interval` for `interval_ms`. */
function longer(key: string, names: readonly string[]): string | undefined {
  return key.length < 3 ? undefined : names.find((name) => name.startsWith(key.toLowerCase()));
}

function tellIssue(issue: Issue, path: Path, context: IssueContext): void {
  const { root, faults, format } = context;
  const nodes = trail(root, path);
  const last = nodes.at(-1) as ConfigNode;
  if (last.isBroken === true) return;
  const shown = format(path);
  const related = passagesTo(root, path);
  const node = nodes.length === path.length + 1 ? last : undefined;
  if (node === undefined) {
    const key = String(path.at(-1));
    const place = startOf(root, path.slice(0, nodes.length - 1));
    const expected = expectedOf(issue) ?? 'a value';
    faults.add({ phase: 'schema', code: 'CONFIG_REQUIRED', place, path: shown, details: { key }, expected, related });
    return;
  }
  const actual = kindName(node);
  const expected = expectedOf(issue);
  const { code, reason } = judge(issue, node, expected);
  faults.add({
    phase: 'schema',
    code,
    place: placeOf(root, path, node),
    path: shown,
    details: {
      path: shown === '' ? 'the configuration' : shown,
      expected: expected ?? 'something else',
      actual,
      reason,
    },
    expected,
    suggestion: context.isSecret(path) ? undefined : suggestionFor(issue, node, path),
    related,
  });
}

function judge(issue: Issue, node: ConfigNode, expected: string | undefined): { code: ConfigCode; reason: string } {
  switch (issue.code) {
    case 'invalid_type':
      // A fraction is a number all right.
      return node.kind === 'scalar' && typeof node.value === 'number' && issue.expected === 'int'
        ? { code: 'CONFIG_VALUE', reason: `expected ${expected}` }
        : { code: 'CONFIG_TYPE', reason: '' };
    case 'invalid_union':
      return issue.discriminator === undefined && !hasRightKind(issue, node)
        ? { code: 'CONFIG_TYPE', reason: '' }
        : { code: 'CONFIG_VALUE', reason: `expected ${expected}` };
    case 'custom': {
      const code: unknown = issue.params?.['code'];
      return { code: isConfigCode(code) ? code : 'CONFIG_VALUE', reason: issue.message };
    }
    default:
      return { code: 'CONFIG_VALUE', reason: expected === undefined ? issue.message : `expected ${expected}` };
  }
}

/** Whether some variant takes this kind of value, though not this value. */
function hasRightKind({ errors }: z.core.$ZodIssueInvalidUnion, node: ConfigNode): boolean {
  if (node.kind !== 'scalar') return false;
  const kind = typeof node.value;
  return errors.some((branch) =>
    branch.every((each) =>
      each.code === 'invalid_value' ? each.values.some((value) => typeof value === kind) : each.code !== 'invalid_type',
    ),
  );
}

function isConfigCode(code: unknown): code is ConfigCode {
  return typeof code === 'string' && Object.hasOwn(configError.catalogue, code);
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
  null: 'nothing',
  nonoptional: 'a value',
};

function expectedOf(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return KINDS[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return oneOf(issue.values.map(String));
    case 'invalid_union': {
      if (issue.discriminator !== undefined)
        return oneOf(('options' in issue ? (issue.options ?? []) : []).map(String));
      const kinds = issue.errors.flat().flatMap((each) => (each.path.length > 0 ? [] : [expectedOf(each)]));
      return [...new Set(kinds)].filter((kind) => kind !== undefined).join(' or ');
    }
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${bound(issue.minimum, issue.origin)}`;
    case 'too_big':
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${bound(issue.maximum, issue.origin)}`;
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    case 'invalid_format':
      // A pattern with words of its own says more than the pattern.
      return issue.message.startsWith('Invalid') ? formatName(issue) : issue.message.replace(/^Expected /, '');
    default:
      return undefined;
  }
}

const FORMATS: Readonly<Record<string, string>> = {
  url: 'a URL such as https://example.com/path',
  email: 'a mail address',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  cidrv4: 'a range in CIDR notation such as 10.1.0.0/16',
  cidrv6: 'a range in CIDR notation such as fd00:1::/64',
  datetime: 'a time such as 2026-01-31T12:00:00Z',
  uuid: 'a UUID',
};

function formatName(issue: z.core.$ZodIssueInvalidStringFormat): string {
  if (issue.format === 'regex' && issue.pattern !== undefined) return `text that matches ${issue.pattern}`;
  return FORMATS[issue.format] ?? `text of the form ${issue.format}`;
}

function bound(value: number | bigint, origin: string): string {
  if (origin === 'string') return `${value} characters`;
  if (origin === 'array' || origin === 'set') return `${value} items`;
  return String(value);
}

function suggestionFor(issue: Issue, node: ConfigNode, path: Path): string | undefined {
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return undefined;
  if (issue.code === 'invalid_value') return nearest(node.value, issue.values.map(String));
  if (issue.code === 'invalid_union' && issue.discriminator !== undefined && 'options' in issue) {
    return nearest(node.value, (issue.options ?? []).map(String));
  }
  if (issue.code === 'invalid_union') {
    const branches = issue.errors.flat().filter((each) => each.path.length === 0);
    return branches.map((each) => suggestionFor(each, node, path)).find((each) => each !== undefined);
  }
  if (issue.code !== 'invalid_type') return undefined;
  if (issue.expected === 'boolean') return booleanFor(node.value) ?? nearest(node.value, ['true', 'false']);
  const isNumber = issue.expected === 'number' || issue.expected === 'int';
  return isNumber ? numberFor(node.value, String(path.at(-1))) : undefined;
}

/** Names that are listed before the list is cut. */
const MAX_NAMED = 20;

function oneOf(values: readonly string[]): string {
  const shown = values.slice(0, MAX_NAMED).map((value) => `\`${value}\``);
  if (shown.length === 1) return shown[0] as string;
  return `one of ${shown.join(', ')}${values.length > shown.length ? ', …' : ''}`;
}

/** Where a map begins that lacks something: its key, or its first entry where it is an item of a list. */
export function startOf(root: ConfigNode, path: Path): Place {
  const node = nodeAt(root, path) ?? root;
  const parent = nodeAt(root, path.slice(0, -1));
  const key = path.at(-1);
  if (typeof key === 'string' && parent?.kind === 'map') return parent.entries.get(key)?.keyPlace ?? node.place;
  if (node.kind === 'map') {
    const [first] = node.entries.values();
    if (first !== undefined && first.keyPlace.source === node.place.source && first.value.via === undefined)
      return first.keyPlace;
  }
  return { ...node.place, end: Math.min(node.place.end, node.place.start + 1) };
}

/** Where a value stands: of a map or a list only where it begins. */
export function placeOf(root: ConfigNode, path: Path, node: ConfigNode): Place {
  return node.kind === 'map' ? startOf(root, path) : node.place;
}

/** Where aliases, merge keys and templates brought a value in. */
export function passagesTo(root: ConfigNode, path: Path): RelatedFault[] {
  return trail(root, path)
    .flatMap((node) => node.via ?? [])
    .map(({ how, name, place }) => ({
      message: how === 'template' ? `used by the template \`${name}\` here` : `used here as \`*${name}\``,
      place,
    }));
}
