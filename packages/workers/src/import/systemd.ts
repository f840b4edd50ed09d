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

type Cascade = 'none' | 'stop' | 'restart';

/** Of each service those that it comes after, and what follows for it when they go down. */
type Bindings = Map<string, Map<string, Cascade>>;

/**
 * Takes over services of systemd, as version 252 reads them. Units that name each other become dependencies when both are
 * taken over at once; others, such as `network.target`, are notes. Raises IMPORT_INVALID with the line.
 */
export function importSystemd(units: readonly SystemdUnit[]): Imported {
  checkLength(FORMAT, units.map(({ text }) => text).join(''));
  const collector = new Collector(FORMAT);
  const names = new Set(units.map(({ name }) => serviceName(name)));
  const bindings: Bindings = new Map();
  const conditions = new Map<string, Condition>();
  for (const { name, text } of units) {
    const service = serviceName(name);
    if (conditions.has(service)) throw importInvalid(FORMAT, `${service} is there twice`);
    const draft = collector.begin(service);
    const sections = sectionsOf(text, draft);
    const keys = sections.get('Service');
    if (keys === undefined) throw importInvalid(FORMAT, `${service} has no [Service]`);
    for (const edge of takeUnit(sections.get('Unit') ?? new Keys([]), service, names, draft)) {
      const [from, to] = edge.isBefore ? [edge.other, service] : [service, edge.other];
      bind(bindings, from, to, edge.cascade);
    }
    conditions.set(service, takeService(keys, service, draft));
    tellInstall(sections.get('Install'), draft);
  }
  for (const [from, others] of bindings) {
    const dependencies = [...others].map(([to, cascade]) => ({
      worker: collector.named(to)?.worker.id ?? to,
      condition: conditions.get(to) ?? 'started',
      cascade,
    }));
    collector.named(from)?.set('depends_on', dependencies);
  }
  return collector.finish();
}

type Condition = NonNullable<Exclude<NonNullable<WorkerInput['depends_on']>[number], string>['condition']>;

function serviceName(name: string): string {
  if (/\.(socket|timer|target|path|mount|slice|device|swap|scope|automount)$/.test(name)) {
    throw importInvalid(FORMAT, `${name} is no service`);
  }
  const service = name.replace(/\.service$/, '');
  if (name.length > MAX_NAME) throw importInvalid(FORMAT, `a name is longer than ${MAX_NAME}`);
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
    for (const entry of entries) {
      const before = keys.get(entry.key);
      if (before === undefined || entry.value === '') keys.set(entry.key, entry.value === '' ? [] : [entry]);
      else before.push(entry);
    }
  }
  return new Map(
    [...sections].map(([name, keys]) => [name, new Keys([...keys].filter(([, entries]) => entries.length > 0))]),
  );
}

/** What kinds of dependencies mean for a worker when the other one goes down: systemd.unit(5). */
const BINDINGS = {
  After: { cascade: 'none', isBefore: false },
  Wants: { cascade: 'none', isBefore: false },
  Requires: { cascade: 'stop', isBefore: false },
  Requisite: { cascade: 'stop', isBefore: false },
  BindsTo: { cascade: 'stop', isBefore: false },
  PartOf: { cascade: 'restart', isBefore: false },
  Before: { cascade: 'none', isBefore: true },
} as const;

const MAX_DESCRIPTION = 256;
/** Bytes of a file name, as the kernel bounds them. */
const MAX_NAME = 255;

interface Mention {
  readonly other: string;
  readonly cascade: Cascade;
  /** Whether the other one comes after this one. */
  readonly isBefore: boolean;
}

function takeUnit(unit: UnitKeys, service: string, names: ReadonlySet<string>, draft: Draft): Mention[] {
  const description = unit.take('Description')?.at(-1);
  if (description !== undefined) {
    draft.set('description', withSpecifiers(description, service, draft).slice(0, MAX_DESCRIPTION));
  }
  const mentions: Mention[] = [];
  for (const [key, { cascade, isBefore }] of Object.entries(BINDINGS)) {
    const foreign: string[] = [];
    for (const name of (unit.take(key) ?? []).flatMap(({ value }) => value.split(/\s+/))) {
      const other = name.replace(/\.service$/, '');
      if (name === other || !names.has(other)) foreign.push(name);
      else if (other !== service) mentions.push({ other, cascade, isBefore });
    }
    if (foreign.length > 0) draft.note(key, `names what is not taken over with it: ${foreign.join(', ')}`);
  }
  for (const [key] of unit.left()) draft.note(key, UNIT_REASONS.get(key) ?? 'has no counterpart here');
  return mentions;
}

const UNIT_REASONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    StartLimitIntervalSec: 'is left out: `restart.context_aware` bounds restarts here',
    StartLimitBurst: 'is left out: `restart.context_aware` bounds restarts here',
    OnFailure: 'is left out: events and alerts tell of failures here',
    Conflicts: 'is left out: workers do not stop one another',
    Documentation: 'is left out',
  }),
);

const STRENGTH: Readonly<Record<Cascade, number>> = { none: 0, restart: 1, stop: 2 };

/** Of several the strongest counts. */
function bind(bindings: Bindings, from: string, to: string, cascade: Cascade): void {
  const others = bindings.get(from) ?? new Map<string, Cascade>();
  bindings.set(from, others);
  const before = others.get(to) ?? 'none';
  others.set(to, STRENGTH[cascade] > STRENGTH[before] ? cascade : before);
}

/** What is wanted by a target is started by itself here, as everything is. */
function tellInstall(install: UnitKeys | undefined, draft: Draft): void {
  install?.take('WantedBy');
  install?.take('RequiredBy');
  for (const [key] of install?.left() ?? []) draft.note(key, 'has no counterpart here');
}
