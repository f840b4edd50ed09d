import { checkLength, Collector, type Draft, idOf, type Imported, importInvalid } from './collector.ts';
import { Keys } from './keys.ts';
import { binaryBytes, booleanOf, signalOf } from './quantities.ts';
import { type Entry, readSections, type Section, SUPERVISORD_DIALECT } from './sections.ts';
import { shellWords } from './words.ts';

const FORMAT = SUPERVISORD_DIALECT.format;
const MAX_PROCESSES = 1_000;
const MAX_NAME = 256;
/** Of a program with all of its processes, UTF-16 units. */
const MAX_EXPANDED = 4_194_304;

/**
 * Takes over the programs of a supervisord.conf, as version 4 reads it. Programs whose processes differ by
 * `%(process_num)` become a worker each. Raises IMPORT_INVALID with the line.
 */
export function importSupervisord(text: string): Imported {
  checkLength(FORMAT, text);
  const collector = new Collector(FORMAT);
  const sections = readSections(text, SUPERVISORD_DIALECT);
  const groups = new Map<string, string>();
  for (const section of sections) {
    const [kind = '', name = ''] = partsOf(section);
    if (kind === 'group') takeGroup(section, name, groups, collector);
  }
  for (const section of sections) {
    const [kind = '', name = ''] = partsOf(section);
    if (kind === 'program') takeProgram(section, name, groups.get(name), collector);
    else if (kind !== 'group')
      collector.note(`\`[${section.name}]\` ${SECTIONS.get(kind) ?? 'has no counterpart here'}`);
  }
  if (sections.some((section) => partsOf(section)[0] === 'program')) {
    collector.note(
      'supervisord passes on its own environment; here a worker has what `environment` says, unless `inherit_environment` names more',
    );
  }
  return collector.finish();
}

const SECTIONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    include: 'is left out: take over each of its files by itself',
    'fcgi-program': 'is left out: sockets are passed as `LISTEN_FDS` here, not as standard input; see `sockets`',
    eventlistener: 'is left out: events are told by webhooks and the event stream',
    supervisord: 'is left out: it concerns supervisord itself',
    supervisorctl: 'is left out: it concerns supervisord itself',
    unix_http_server: 'is left out: it concerns supervisord itself',
    inet_http_server: 'is left out: it concerns supervisord itself',
  }),
);

function partsOf({ name }: Section): string[] {
  const colon = name.indexOf(':');
  return colon < 0 ? [name.trim()] : [name.slice(0, colon).trim(), name.slice(colon + 1).trim()];
}

function takeGroup(
  { name: title, line, entries }: Section,
  name: string,
  groups: Map<string, string>,
  collector: Collector,
): void {
  const keys = keysOf(entries);
  const programs = keys.take('programs');
  if (programs === undefined) throw importInvalid(FORMAT, `[${title}] has no \`programs\``, line);
  for (const program of programs.value.split(',')) groups.set(program.trim(), name);
  for (const [key] of keys.left())
    collector.note(`\`[${title}]\` \`${key}\` ${REASONS.get(key) ?? 'has no counterpart here'}`);
}

/** Keys in any case; of one that is there twice the last counts. */
function keysOf(entries: readonly Entry[]): Keys<Entry> {
  return new Keys(entries.map((entry) => [entry.key.toLowerCase(), entry]));
}

function takeProgram(section: Section, name: string, group: string | undefined, collector: Collector): void {
  const { entries, line } = section;
  if (name === '') throw importInvalid(FORMAT, 'a program has no name', line);
  if (name.length > MAX_NAME || (group?.length ?? 0) > MAX_NAME) {
    throw importInvalid(FORMAT, `a name is longer than ${MAX_NAME}`, line);
  }
  const raw = keysOf(entries);
  const count = wholeNumber(raw.take('numprocs'), 1);
  if (count < 1 || count > MAX_PROCESSES)
    throw importInvalid(FORMAT, `numprocs is not from 1 to ${MAX_PROCESSES}`, line);
  const first = wholeNumber(raw.take('numprocs_start'), 0);
  const differs = ['command', 'environment', 'directory'].some((key) => isNumbered(entries, key));
  if (count === 1 || !differs) {
    const draft = collector.begin(name);
    if (count > 1) {
      draft.set('replicas', count);
      if (first !== 0) draft.note('numprocs_start', 'is left out: instances count from 0, as `ROUNDHOUSE_INSTANCE`');
    }
    takeFields(section, { program_name: name, group_name: group ?? name, process_num: first }, group, draft);
    return;
  }
  if (count * lengthOf(entries) > MAX_EXPANDED) throw importInvalid(FORMAT, `[${section.name}] becomes too long`, line);
  for (let number = first; number < first + count; number++) {
    const draft = collector.begin(`${name}_${String(number).padStart(2, '0')}`);
    const values = { program_name: name, group_name: group ?? name, process_num: number };
    takeFields(section, values, group ?? name, draft);
  }
}

function lengthOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { value }) => sum + value.length, 0);
}

function isNumbered(entries: readonly Entry[], key: string): boolean {
  return entries.some((entry) => entry.key.toLowerCase() === key && entry.value.includes('%(process_num)'));
}

function wholeNumber(entry: Entry | undefined, fallback: number): number {
  if (entry === undefined) return fallback;
  if (!/^\d{1,9}$/.test(entry.value)) throw importInvalid(FORMAT, `${entry.key} is no whole number`, entry.line);
  return Number(entry.value);
}

type Values = Readonly<Record<string, string | number>>;

/** `%(name)s`, `%(name)02d` and `%%`, as Python formats them; what is not known stays, and is told of. */
function expanded({ key, value }: Entry, values: Values, draft: Draft): string {
  return value.replaceAll(
    /%(?:%|\((\w+)\)(0?)(\d*)([sd]))/g,
    (whole, name: string | undefined, zero: string, width: string) => {
      if (name === undefined) return '%';
      const known = Object.hasOwn(values, name) ? values[name] : undefined;
      if (known !== undefined) return String(known).padStart(Math.min(Number(width), 20), zero === '0' ? '0' : ' ');
      draft.note(key, `has \`${whole}\`, which is not known here: write what it stands for`);
      return whole;
    },
  );
}

function takeFields(section: Section, values: Values, group: string | undefined, draft: Draft): void {
  const keys = keysOf(section.entries);
  keys.take('numprocs');
  keys.take('numprocs_start');
  // Names of processes have no other use than to be told apart.
  keys.take('process_name');
  const entryOf = (key: string): Entry | undefined => {
    const entry = keys.take(key);
    return entry && { ...entry, value: expanded(entry, values, draft) };
  };
  const command = entryOf('command');
  if (command === undefined) throw importInvalid(FORMAT, `[${section.name}] has no \`command\``, section.line);
  const words = shellWords(command.value);
  if (words === undefined) throw importInvalid(FORMAT, 'a quote is not closed', command.line);
  draft.set('command', words);
  if (group !== undefined) draft.set('group', idOf(group));
  takeProcess(entryOf, draft);
  takeStop(entryOf, draft);
  takeRestart(entryOf, draft);
  takeOutput(entryOf, draft);
  for (const [key] of keys.left()) draft.note(key, REASONS.get(key) ?? 'has no counterpart here');
}

type EntryOf = (key: string) => Entry | undefined;

function takeProcess(entryOf: EntryOf, draft: Draft): void {
  const autostart = flag(entryOf('autostart'));
  if (autostart === false) draft.set('enabled', false);
  const directory = entryOf('directory');
  if (directory !== undefined) draft.set('working_directory', directory.value);
  const user = entryOf('user');
  if (user !== undefined) draft.set('user', user.value);
  const umask = entryOf('umask');
  if (umask !== undefined) draft.set('umask', umask.value.padStart(3, '0'));
  const environment = entryOf('environment');
  if (environment !== undefined) draft.set('environment', variablesOf(environment));
}

/** `KEY="val",KEY2='v,2'`: values without quotes end at a comma. */
function variablesOf({ value, line }: Entry): Record<string, string> {
  const pair = /\s*([^\s=,"']+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^,\s"']*))\s*(?:,|$)/y;
  const variables = new Map<string, string>();
  while (pair.lastIndex < value.length) {
    const [, name, double, single, plain] = pair.exec(value) ?? [];
    if (name === undefined) throw importInvalid(FORMAT, '`environment` is not written as KEY="value",…', line);
    variables.set(name, double ?? single ?? plain ?? '');
  }
  return Object.fromEntries(variables);
}

function flag(entry: Entry | undefined): boolean | undefined {
  if (entry === undefined) return undefined;
  const value = booleanOf(entry.value);
  if (value === undefined) throw importInvalid(FORMAT, `${entry.key} is neither true nor false`, entry.line);
  return value;
}

function takeStop(entryOf: EntryOf, draft: Draft): void {
  const signal = entryOf('stopsignal');
  if (signal !== undefined) {
    const known = signalOf(signal.value);
    if (known === undefined) draft.note('stopsignal', `is left out: ${signal.value} cannot be sent`);
    else draft.extend('stop', { signal: known });
  }
  const wait = entryOf('stopwaitsecs');
  if (wait !== undefined) draft.extend('stop', { grace: `${wholeNumber(wait, 0)}s` });
  // By default supervisord signals the leader alone.
  draft.extend('stop', { whole_group: flag(entryOf('stopasgroup')) ?? false });
  if (flag(entryOf('killasgroup')) === false) draft.note('killasgroup', 'false: what is killed is always all of it');
}

function takeRestart(entryOf: EntryOf, draft: Draft): void {
  const auto = entryOf('autorestart');
  const isExpected = auto === undefined || auto.value.toLowerCase() === 'unexpected';
  const policy = isExpected ? 'on_failure' : flag(auto) === true ? 'always' : 'never';
  draft.set('restart', { policy });
  const codes = entryOf('exitcodes');
  if (codes !== undefined) {
    const numbers = codes.value.split(',').map((code) => wholeNumber({ ...codes, value: code.trim() }, 0));
    draft.extend('restart', { success_exit_codes: numbers });
  }
  const seconds = entryOf('startsecs');
  if (seconds !== undefined) draft.extend('restart', { reset_after: `${wholeNumber(seconds, 0)}s` });
  const retries = entryOf('startretries');
  if (retries === undefined) return;
  const most = wholeNumber(retries, 0);
  // Each wait of supervisord is a second longer than the one before.
  draft.extend('restart', {
    ...(seconds === undefined && { reset_after: '1s' }),
    context_aware: { default: { max_retries: most, retry_delay: '1s', backoff_rate: 1.5 } },
  });
  draft.note(
    'startretries',
    `${most}: after so many it is tried again each \`half_open_after\`, not given up as FATAL`,
  );
}

function takeOutput(entryOf: EntryOf, draft: Draft): void {
  const size = entryOf('stdout_logfile_maxbytes');
  if (size !== undefined) {
    const bytes = binaryBytes(size.value);
    if (bytes === undefined) throw importInvalid(FORMAT, 'stdout_logfile_maxbytes is no size', size.line);
    if (bytes === 0) draft.note(size.key, '0, for files without bounds, is left out: see `logs`');
    else draft.extend('logs', { max_size: bytes });
  }
  const files = entryOf('stdout_logfile_backups');
  const count = wholeNumber(files, 0);
  if (files !== undefined && count > 0) draft.extend('logs', { max_files: count });
  else if (files !== undefined)
    draft.note(files.key, '0 is left out: one file is kept beside the present one at least');
  for (const key of ['stdout_logfile', 'stderr_logfile']) {
    const file = entryOf(key);
    if (file !== undefined && file.value.toUpperCase() !== 'AUTO') draft.note(key, OUTPUT);
  }
}

const OUTPUT = 'is left out: output is kept here, see `logs` and `roundhouse worker logs`';
const EVENTS = 'is left out: see `logs.forward` for lines that become events';
const BOTH = 'is left out: `logs` is for both streams, and goes by that of stdout';

const REASONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    priority: 'is left out: the order of starts is that of `depends_on`',
    redirect_stderr: 'is left out: both streams are kept, and shown in order of time',
    stderr_logfile_maxbytes: BOTH,
    stderr_logfile_backups: BOTH,
    stdout_capture_maxbytes: EVENTS,
    stderr_capture_maxbytes: EVENTS,
    stdout_events_enabled: EVENTS,
    stderr_events_enabled: EVENTS,
    serverurl: 'is left out: it concerns supervisord itself',
  }),
);
