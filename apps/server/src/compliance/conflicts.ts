import { expressionFault, FACT_NAMES, type Parameters, PROFILES, RULES } from '@roundhouse/audit/compliance';
import type { Finding, Path } from '@roundhouse/config';
import { nearest } from '@roundhouse/core';
import { conflict } from '../configuration/conflict.ts';
import type { ComplianceOptions } from './options.ts';

interface Section {
  readonly compliance?: ComplianceOptions | undefined;
}

/** What is wrong with rules, profiles and waivers beyond their form. */
export function* complianceConflicts({ compliance = {} }: Section): Iterable<Finding> {
  const { rules = [], profiles = [], waivers = [], parameters = {}, profile } = compliance;
  yield* taken(['compliance', 'rules'], rules, new Set(RULES.map(({ id }) => id)));
  yield* taken(['compliance', 'profiles'], profiles, new Set(PROFILES.map(({ id }) => id)));
  for (const [index, { expression, applies, parameters: own }] of rules.entries()) {
    const path: Path = ['compliance', 'rules', index];
    yield* fault([...path, 'expression'], expression, own);
    if (applies !== undefined) yield* fault([...path, 'applies'], applies, own);
  }
  const known = new Map<string, Parameters>([...RULES, ...rules].map((rule) => [rule.id, rule.parameters ?? {}]));
  const ruleIds = [...known.keys()];
  for (const [index, waiver] of waivers.entries()) {
    yield* reference(['compliance', 'waivers', index, 'rule'], waiver.rule, ruleIds, 'rule');
  }
  for (const [index, { rules: named, parameters: own = {} }] of profiles.entries()) {
    const path: Path = ['compliance', 'profiles', index];
    for (const [at, id] of named.entries()) yield* reference([...path, 'rules', at], id, ruleIds, 'rule');
    yield* parameterFaults([...path, 'parameters'], own, known);
  }
  yield* parameterFaults(['compliance', 'parameters'], parameters, known);
  if (profile !== undefined) {
    const ids = [...PROFILES, ...profiles].map(({ id }) => id);
    yield* reference(['compliance', 'profile'], profile, ids, 'profile');
  }
}

function* taken(list: Path, own: ReadonlyArray<{ readonly id: string }>, ids: ReadonlySet<string>): Iterable<Finding> {
  for (const [index, { id }] of own.entries()) {
    if (ids.has(id)) yield conflict([...list, index, 'id'], `${id} is part of the product`, 'choose another id');
  }
}

/** The word of the expression that names a group and a fact. */
const NAME = /\b([a-z][a-z_]*)\.([a-z][a-z_]*)/g;

function* fault(path: Path, text: string, parameters: Parameters = {}): Iterable<Finding> {
  const found = expressionFault(text, parameters);
  if (found === undefined) return;
  const names = [...text.matchAll(NAME)].map(([name]) => name).filter((name) => !name.startsWith('params.'));
  const strange = names.find((name) => !FACT_NAMES.some((fact) => fact === name));
  const near = strange === undefined ? undefined : nearest(strange, FACT_NAMES);
  const place = found.at === undefined ? '' : ` (character ${found.at + 1})`;
  yield {
    path,
    code: 'CONFIG_VALUE',
    details: { reason: `${found.reason}${place}` },
    hint: 'It is CEL; `roundhouse compliance facts` lists what it may ask for.',
    ...(near === undefined ? {} : { suggestion: text.replace(strange as string, near) }),
  };
}

function* parameterFaults(
  path: Path,
  byRule: Readonly<Record<string, Parameters>>,
  known: ReadonlyMap<string, Parameters>,
): Iterable<Finding> {
  for (const [rule, values] of Object.entries(byRule)) {
    const parameters = known.get(rule);
    if (parameters === undefined) {
      yield* reference([...path, rule], rule, [...known.keys()], 'rule');
      continue;
    }
    for (const [name, value] of Object.entries(values)) {
      const at = [...path, rule, name];
      const own = parameters[name];
      if (own === undefined) yield* reference(at, name, Object.keys(parameters), `parameter of ${rule}`);
      else if (kindOf(own) !== kindOf(value)) {
        yield conflict(at, `${name} is ${kindOf(own)}`, `write it like \`${JSON.stringify(own)}\``);
      }
    }
  }
}

function kindOf(value: Parameters[string]): string {
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

function* reference(path: Path, name: string, known: readonly string[], target: string): Iterable<Finding> {
  if (known.includes(name)) return;
  const near = nearest(name, known);
  yield {
    path,
    code: 'CONFIG_REFERENCE',
    details: { name, target },
    ...(known.length > 0 && known.length <= 12 ? { expected: known.map((each) => `\`${each}\``).join(', ') } : {}),
    ...(near === undefined ? {} : { suggestion: near }),
  };
}
