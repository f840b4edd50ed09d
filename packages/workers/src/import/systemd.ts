import type { WorkerInput } from '@roundhouse/api';
import { checkLength, Collector, type Draft, type Imported, importInvalid } from './collector.ts';
import { Keys } from './keys.ts';
import { type Entry, readSections, UNIT_DIALECT } from './sections.ts';
import { withSpecifiers } from './systemdCommand.ts';
import { takeService, type UnitKeys } from './systemdService.ts';

const FORMAT = UNIT_DIALECT.format;

export interface SystemdUnit {
  /** Of its file: `web.service`, or without the ending. */
  readonly name: string;
  readonly text: string;
}

/** Who comes after whom, in names of services; `binds` says more than the order. */
interface Edge {
  readonly from: string;
  readonly to: string;
  readonly cascade: 'none' | 'stop' | 'restart';
}

/**
 * Takes over services of systemd, as version 252 reads them. Units that name each other become dependencies when both are
 * taken over at once; others, such as `network.target`, are notes. Raises IMPORT_INVALID with the line.
 */
export function importSystemd(units: readonly SystemdUnit[]): Imported {
  checkLength(FORMAT, units.map(({ text }) => text).join(''));
  const collector = new Collector(FORMAT);
  const names = new Set(units.map(({ name }) => serviceName(name)));
  const edges: Edge[] = [];
  const conditions = new Map<string, Condition>();
  for (const { name, text } of units) {
    const service = serviceName(name);
    if (conditions.has(service)) throw importInvalid(FORMAT, `${service} is there twice`);
    const draft = collector.begin(service);
    const sections = sectionsOf(text, draft);
    const keys = sections.get('Service');
    if (keys === undefined) throw importInvalid(FORMAT, `${service} has no [Service]`);
    edges.push(...takeUnit(sections.get('Unit') ?? new Keys([]), service, names, draft));
    conditions.set(service, takeService(keys, service, draft));
    tellInstall(sections.get('Install'), draft);
  }
  for (const service of names) {
    const draft = collector.named(service);
    if (draft !== undefined) depend(draft, edges, conditions, collector);
  }
  return collector.finish();
}

type Condition = NonNullable<Exclude<NonNullable<WorkerInput['depends_on']>[number], string>['condition']>;

function serviceName(name: string): string {
  if (/\.(socket|timer|target|path|mount|slice|device|swap|scope|automount)$/.test(name)) {
    throw importInvalid(FORMAT, `${name} is no service`);
  }
  const service = name.replace(/\.service$/, '');
  if (service.endsWith('@'))
    throw importInvalid(FORMAT, `${name} is a template: name an instance, such as ${service}1.service`);
  return service;
}

function sectionsOf(text: string, draft: Draft): Map<string, UnitKeys> {
  const sections = new Map<string, Map<string, Entry[]>>();
  for (const { name, entries } of readSections(text, UNIT_DIALECT)) {
    if (!['Unit', 'Service', 'Install'].includes(name)) {
      draft.note(`[${name}]`, 'has no counterpart here');
      continue;
    }
    const keys = sections.get(name) ?? new Map<string, Entry[]>();
    sections.set(name, keys);
    // A value of nothing takes back all that was set before.
    for (const entry of entries) keys.set(entry.key, entry.value === '' ? [] : [...(keys.get(entry.key) ?? []), entry]);
  }
  return new Map(
    [...sections].map(([name, keys]) => [name, new Keys([...keys].filter(([, entries]) => entries.length > 0))]),
  );
}

/** What kinds of dependencies mean for a worker when the other one goes down: systemd.unit(5). */
const BINDINGS = {
  After: 'none',
  Wants: 'none',
  Requires: 'stop',
  Requisite: 'stop',
  BindsTo: 'stop',
  PartOf: 'restart',
} as const;

const MAX_DESCRIPTION = 256;

function takeUnit(unit: UnitKeys, service: string, names: ReadonlySet<string>, draft: Draft): Edge[] {
  const edges: Edge[] = [];
  const description = unit.take('Description')?.at(-1);
  if (description !== undefined) {
    draft.set('description', withSpecifiers(description, service, draft).slice(0, MAX_DESCRIPTION));
  }
  const othersOf = (key: string): string[] => {
    const others = (unit.take(key) ?? []).flatMap(({ value }) => value.split(/\s+/));
    const known = others.filter((other) => other.endsWith('.service') && names.has(other.slice(0, -'.service'.length)));
    const foreign = others.filter((other) => !known.includes(other));
    if (foreign.length > 0) draft.note(key, `names what is not taken over with it: ${foreign.join(', ')}`);
    return known.map((other) => other.slice(0, -'.service'.length)).filter((other) => other !== service);
  };
  for (const [key, cascade] of Object.entries(BINDINGS)) {
    for (const to of othersOf(key)) edges.push({ from: service, to, cascade });
  }
  for (const from of othersOf('Before')) edges.push({ from, to: service, cascade: 'none' });
  for (const [key] of unit.left()) draft.note(key, UNIT_REASONS[key] ?? 'has no counterpart here');
  return edges;
}

const UNIT_REASONS: Readonly<Record<string, string>> = {
  StartLimitIntervalSec: 'is left out: `restart.context_aware` bounds restarts here',
  StartLimitBurst: 'is left out: `restart.context_aware` bounds restarts here',
  OnFailure: 'is left out: events and alerts tell of failures here',
  Conflicts: 'is left out: workers do not stop one another',
  Documentation: 'is left out',
};

function depend(
  draft: Draft,
  edges: readonly Edge[],
  conditions: ReadonlyMap<string, Condition>,
  collector: Collector,
): void {
  const strength = { none: 0, restart: 1, stop: 2 };
  const on = new Map<string, Edge['cascade']>();
  for (const { from, to, cascade } of edges) {
    if (from !== draft.name) continue;
    const before = on.get(to) ?? 'none';
    on.set(to, strength[cascade] > strength[before] ? cascade : before);
  }
  if (on.size === 0) return;
  draft.set(
    'depends_on',
    [...on].map(([to, cascade]) => ({
      worker: collector.named(to)?.worker.id ?? to,
      condition: conditions.get(to) ?? 'started',
      cascade,
    })),
  );
}

/** What is wanted by a target is started by itself here, as everything is. */
function tellInstall(install: UnitKeys | undefined, draft: Draft): void {
  install?.take('WantedBy');
  install?.take('RequiredBy');
  for (const [key] of install?.left() ?? []) draft.note(key, 'has no counterpart here');
}
