import { nearest } from '@roundhouse/core';
import type { ConfigCode } from '../errors.ts';
import { type ConfigNode, kindName, type MapEntry, type MapNode, type ScalarNode, textOf } from '../node.ts';
import type { Faults } from '../report/faults.ts';
import type { Place } from '../source.ts';
import { type Merging, mergeWhole } from './merge.ts';
import { coreScalar } from './scalar.ts';

/** What a parameter takes. */
const PARAMETER_TYPES = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  list: 'a list',
  map: 'a map',
} as const;

type ParameterType = keyof typeof PARAMETER_TYPES;

interface Parameter {
  readonly type: ParameterType;
  readonly fallback: ConfigNode | undefined;
  readonly place: Place;
}

export interface Template {
  readonly name: string;
  readonly place: Place;
  readonly parameters: ReadonlyMap<string, Parameter>;
  readonly body: MapNode;
  /** Whether its declaration has faults: nothing is to be told of its uses. */
  readonly isFaulty: boolean;
}

/**
 * The declarations under `templates`, each joined with those it extends:
 *
 *     templates:
 *       NAME:
 *         extends: OTHER            # or a list; later ones are stronger, the own body strongest
 *         parameters:
 *           port: { type: integer, default: 23 }
 *           host: string            # short for { type: string }: must be given
 *         body: { … }               # `${with.port}` stands for the parameter
 */
export function declareTemplates(node: ConfigNode | undefined, merging: Merging): ReadonlyMap<string, Template> {
  const templates = new Map<string, Template>();
  if (node === undefined || node.isBroken === true) return templates;
  const { faults } = merging;
  if (node.kind !== 'map') {
    tell(faults, node.place, `\`templates\` must be a map, not ${kindName(node)}`);
    return templates;
  }
  const declared = new Map<string, Declaration>();
  for (const [name, entry] of node.entries) declared.set(name, declarationOf(name, entry, faults));
  for (const name of declared.keys()) join(name, [], declared, templates, merging);
  return templates;
}

interface Declaration extends Template {
  readonly parents: readonly { readonly name: string; readonly place: Place }[];
}

const DECLARATION_KEYS = ['extends', 'parameters', 'body', 'description'];

function declarationOf(name: string, { keyPlace, value }: MapEntry, faults: Faults): Declaration {
  const parameters = new Map<string, Parameter>();
  const parents: { name: string; place: Place }[] = [];
  let body: MapNode = { kind: 'map', place: keyPlace, entries: new Map() };
  let isFaulty = false;
  const fault = (place: Place, reason: string, suggestion?: string): void => {
    isFaulty = true;
    tell(faults, place, reason, suggestion);
  };
  if (value.kind !== 'map') {
    if (value.isBroken !== true) fault(value.place, `Template \`${name}\` must be a map, not ${kindName(value)}`);
    return { name, place: keyPlace, parameters, parents, body, isFaulty: true };
  }
  for (const [key, entry] of value.entries) {
    if (!DECLARATION_KEYS.includes(key)) {
      const reason = `A template has no \`${key}\``;
      fault(entry.keyPlace, reason, nearest(key, DECLARATION_KEYS));
    }
  }
  const declared = value.entries.get('parameters');
  if (declared?.value.kind === 'map') {
    for (const [key, entry] of declared.value.entries) {
      const parameter = parameterOf(key, entry, faults);
      if (parameter !== undefined) parameters.set(key, parameter);
      else isFaulty = true;
    }
  } else if (declared !== undefined) fault(declared.value.place, '`parameters` must be a map');
  const extended = value.entries.get('extends')?.value;
  for (const each of extended === undefined ? [] : extended.kind === 'list' ? extended.items : [extended]) {
    const parent = textOf(each);
    if (parent === undefined) fault(each.place, '`extends` of a template takes names of templates');
    else parents.push({ name: parent, place: each.place });
  }
  const own = value.entries.get('body')?.value;
  const isWhole = own?.kind === 'map' && !own.entries.has('$append') && !own.entries.has('$replace');
  if (isWhole) body = own;
  else if (own !== undefined) fault(own.place, '`body` must be a map, and not a directive');
  else if (parents.length === 0) fault(keyPlace, `Template \`${name}\` has no \`body\``);
  return { name, place: keyPlace, parameters, parents, body, isFaulty };
}

function parameterOf(name: string, { keyPlace, value }: MapEntry, faults: Faults): Parameter | undefined {
  const type = value.kind === 'map' ? value.entries.get('type')?.value : value;
  const word = textOf(type);
  if (word === undefined || !isParameterType(word)) {
    const names = Object.keys(PARAMETER_TYPES);
    const reason = `The type of parameter \`${name}\` must be one of ${names.join(', ')}`;
    tell(faults, type?.place ?? keyPlace, reason, word === undefined ? undefined : nearest(word, names));
    return undefined;
  }
  const fallback = value.kind === 'map' ? value.entries.get('default')?.value : undefined;
  return { type: word, fallback, place: keyPlace };
}

function isParameterType(word: string): word is ParameterType {
  return Object.hasOwn(PARAMETER_TYPES, word);
}

/** Templates of one chain of `extends`. */
const MAX_CHAIN = 32;

/** Depth first; `chain` are the templates that led here. */
function join(
  name: string,
  chain: readonly string[],
  declared: ReadonlyMap<string, Declaration>,
  templates: Map<string, Template>,
  merging: Merging,
): Template | undefined {
  const known = templates.get(name);
  if (known !== undefined) return known;
  const own = declared.get(name) as Declaration;
  let body: MapNode | undefined;
  let parameters = new Map<string, Parameter>();
  let { isFaulty } = own;
  for (const parent of own.parents) {
    const line = [...chain, name, parent.name];
    if (chain.includes(parent.name) || parent.name === name) {
      const details = { what: `Template \`${parent.name}\``, chain: line.join(' → ') };
      merging.faults.add({ phase: 'composition', code: 'CONFIG_CYCLE', place: parent.place, details });
      continue;
    }
    if (line.length > MAX_CHAIN) {
      const details = { reason: `\`extends\` of templates is longer than ${MAX_CHAIN}` };
      merging.faults.add({ phase: 'composition', code: 'CONFIG_TEMPLATE', place: parent.place, details });
      continue;
    }
    if (!declared.has(parent.name)) {
      unknownTemplate(merging.faults, parent.name, parent.place, declared.keys());
      continue;
    }
    const joined = join(parent.name, [...chain, name], declared, templates, merging);
    if (joined === undefined) continue;
    isFaulty ||= joined.isFaulty;
    body = mergeWhole(body, joined.body, [], merging);
    parameters = new Map([...parameters, ...joined.parameters]);
  }
  const template = {
    name,
    place: own.place,
    parameters: new Map([...parameters, ...own.parameters]),
    body: mergeWhole(body, own.body, [], merging),
    isFaulty,
  };
  templates.set(name, template);
  return template;
}

export function unknownTemplate(faults: Faults, template: string, place: Place, known: Iterable<string>): void {
  const suggestion = nearest(template, known);
  faults.add({ phase: 'composition', code: 'CONFIG_TEMPLATE_UNKNOWN', place, details: { template }, suggestion });
}

/** The values of a template's parameters, `fallback` resolving defaults; faults make a parameter broken, so that nothing follows from it. */
export function bind(
  template: Template,
  given: MapNode | undefined,
  fallback: (node: ConfigNode) => ConfigNode,
  use: Place,
  faults: Faults,
): ReadonlyMap<string, ConfigNode> {
  const related = [{ message: 'the template', place: template.place }];
  const tellOf = (
    code: ConfigCode,
    place: Place,
    details: Readonly<Record<string, unknown>>,
    suggestion?: string,
  ): void => {
    faults.add({
      phase: 'composition',
      code,
      place,
      details: { template: template.name, ...details },
      suggestion,
      related,
    });
  };
  const names = [...template.parameters.keys()];
  const missing = names.filter((name) => given?.entries.has(name) !== true);
  const meant = new Set<string>();
  for (const [name, entry] of given?.entries ?? []) {
    if (template.parameters.has(name)) continue;
    const suggestion = nearest(name, missing) ?? nearest(name, names);
    if (suggestion !== undefined) meant.add(suggestion);
    tellOf('CONFIG_PARAMETER_UNKNOWN', entry.keyPlace, { parameter: name }, suggestion);
  }
  const bindings = new Map<string, ConfigNode>();
  for (const [name, parameter] of template.parameters) {
    const value = given?.entries.get(name)?.value ?? (parameter.fallback && fallback(parameter.fallback));
    if (value === undefined) {
      // One that is there, but misspelt, has been told.
      if (!meant.has(name)) tellOf('CONFIG_PARAMETER_REQUIRED', use, { parameter: name });
      bindings.set(name, { kind: 'scalar', place: use, value: null, isBroken: true });
      continue;
    }
    const typed = typedAs(parameter.type, value);
    if (!fits(parameter.type, typed) && typed.isBroken !== true) {
      const details = { parameter: name, expected: PARAMETER_TYPES[parameter.type], actual: kindName(typed) };
      tellOf('CONFIG_PARAMETER_TYPE', value.place, details);
      bindings.set(name, { kind: 'scalar', place: value.place, value: null, isBroken: true });
    } else bindings.set(name, typed);
  }
  return bindings;
}

function typedAs(type: ParameterType, node: ConfigNode): ConfigNode {
  if (node.kind !== 'scalar' || node.isInjected !== true || typeof node.value !== 'string') return node;
  if (type === 'string') return node;
  const { isInjected: _, ...rest } = node;
  return { ...rest, value: coreScalar(node.value) } satisfies ScalarNode;
}

function fits(type: ParameterType, node: ConfigNode): boolean {
  if (type === 'list' || type === 'map') return node.kind === type;
  if (node.kind !== 'scalar') return false;
  return type === 'integer' ? Number.isSafeInteger(node.value) : typeof node.value === type;
}

function tell(faults: Faults, place: Place, reason: string, suggestion?: string): void {
  faults.add({ phase: 'composition', code: 'CONFIG_TEMPLATE', place, details: { reason }, suggestion });
}
