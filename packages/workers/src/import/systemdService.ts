import type { WorkerInput } from '@roundhouse/api';
import { type Draft, importInvalid } from './collector.ts';
import type { Keys } from './keys.ts';
import { binaryBytes, booleanOf, signalOf, spanMs } from './quantities.ts';
import { type Entry, UNIT_DIALECT } from './sections.ts';
import { commandsOf, type UnitValues, wordsOf } from './systemdCommand.ts';

/** Of each key all that it is set to since it was last set to nothing. */
export type UnitKeys = Keys<readonly Entry[]>;

type Rule = NonNullable<NonNullable<WorkerInput['restart']>['rules']>[number];

/** Takes a `[Service]` over; answers what of it others wait for. Raises IMPORT_INVALID with the line. */
export function takeService(keys: UnitKeys, service: string, draft: Draft): 'started' | 'ready' | 'completed' {
  const type = last(keys, 'Type')?.value ?? 'simple';
  const environment = environmentOf(keys, service, draft);
  const values: UnitValues = { service, environment };
  takeCommand(keys, values, type, draft);
  takeProcess(keys, draft);
  const timeout = last(keys, 'TimeoutSec');
  takeReadiness(last(keys, 'TimeoutStartSec') ?? timeout, type, draft);
  takeStop(keys, last(keys, 'TimeoutStopSec') ?? timeout, values, draft);
  takeRestart(keys, draft);
  takeLimits(keys, draft);
  for (const [key] of keys.left()) draft.note(key, reasonOf(key));
  if (type === 'oneshot') return 'completed';
  return type === 'notify' || type === 'notify-reload' ? 'ready' : 'started';
}

/** The last value counts where there can be one alone. */
function last(keys: UnitKeys, key: string): Entry | undefined {
  return keys.take(key)?.at(-1);
}

function invalid({ key, line }: Entry, what: string): Error {
  return importInvalid(UNIT_DIALECT.format, `${key} is ${what}`, line);
}

function environmentOf(keys: UnitKeys, service: string, draft: Draft): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const entry of keys.take('Environment') ?? []) {
    for (const word of wordsOf(entry, service, draft)) {
      const at = word.indexOf('=');
      if (at < 1) throw invalid(entry, 'no list of NAME=value');
      variables.set(word.slice(0, at), word.slice(at + 1));
    }
  }
  const hasVariables = variables.size > 0;
  if (hasVariables) draft.set('environment', Object.fromEntries(variables));
  const files = (keys.take('EnvironmentFile') ?? []).map(({ value }) => value);
  if (files.length > 0) {
    if (hasVariables)
      draft.note('EnvironmentFile', 'is weaker than `environment` here, and was stronger than `Environment`');
    if (files.some((file) => file.startsWith('-'))) draft.note('EnvironmentFile', 'with `-`: the file must be there');
    draft.set(
      'environment_files',
      files.map((file) => file.replace(/^-/, '')),
    );
  }
  const passed = (keys.take('PassEnvironment') ?? []).flatMap(({ value }) => value.split(/\s+/));
  if (passed.length > 0) draft.set('inherit_environment', passed);
  return variables;
}

const TYPES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    forking: 'forking: what goes to the background is lost sight of; start the program in the foreground',
    dbus: 'dbus: nobody waits for its name on the bus; give it a probe',
    idle: 'idle: it is started as others are',
  }),
);

function takeCommand(keys: UnitKeys, values: UnitValues, type: string, draft: Draft): void {
  const reason = TYPES.get(type);
  if (reason !== undefined) draft.note('Type', reason);
  const commands = (keys.take('ExecStart') ?? []).flatMap((entry) => commandsOf(entry, values, draft));
  const [command, ...others] = commands;
  if (command === undefined) throw importInvalid(UNIT_DIALECT.format, `${values.service} has no ExecStart`);
  draft.set('command', command);
  if (others.length > 0) {
    draft.note('ExecStart', `has ${others.length} more, which are left out: make workers of them, with \`depends_on\``);
  }
  const reload = last(keys, 'ExecReload');
  if (reload === undefined) return;
  const [, name = ''] = /^\S*kill\s+-(?:s\s*)?([A-Z0-9]+)\s+\$\{?MAINPID\}?$/.exec(reload.value) ?? [];
  const signal = signalOf(name);
  if (signal === undefined) draft.note('ExecReload', 'is left out: `reload_signal` is what tells a worker to reload');
  else draft.set('reload_signal', signal);
}

const TEXTS = { User: 'user', Group: 'group_of_user' } as const;

function takeProcess(keys: UnitKeys, draft: Draft): void {
  const user = keys.has('User');
  for (const [key, field] of Object.entries(TEXTS)) {
    const entry = last(keys, key);
    if (entry !== undefined) draft.set(field, entry.value);
  }
  const directory = last(keys, 'WorkingDirectory');
  if (directory !== undefined) {
    if (directory.value.startsWith('-')) draft.note(directory.key, 'with `-`: the directory must be there');
    draft.set('working_directory', directory.value.replace(/^-/, ''));
  }
  const umask = last(keys, 'UMask');
  if (umask !== undefined) draft.set('umask', umask.value.replace(/^0+(?=\d{3})/, '').padStart(3, '0'));
  const nice = last(keys, 'Nice');
  if (nice !== undefined) draft.set('nice', wholeNumber(nice));
  const oom = last(keys, 'OOMScoreAdjust');
  if (oom !== undefined) draft.set('oom_score_adjust', wholeNumber(oom));
  const privileges = last(keys, 'NoNewPrivileges');
  if (privileges !== undefined) draft.set('no_new_privileges', flag(privileges));
  takeCapabilities(keys, user, draft);
}

/** A user has those that are ambient; whoever is not changed to a user has what the bounds leave. */
function takeCapabilities(keys: UnitKeys, hasUser: boolean, draft: Draft): void {
  const namesOf = (key: string): string[] | undefined =>
    keys.take(key)?.flatMap(({ value }) => value.split(/\s+/).filter((name) => name !== ''));
  const ambient = namesOf('AmbientCapabilities');
  const bounds = namesOf('CapabilityBoundingSet');
  if ((ambient ?? bounds)?.some((name) => name.startsWith('~'))) {
    draft.note(
      ambient ? 'AmbientCapabilities' : 'CapabilityBoundingSet',
      'is left out: name those that stay under `keep_capabilities`',
    );
  } else if (ambient !== undefined) draft.set('keep_capabilities', ambient);
  else if (bounds !== undefined && !hasUser) draft.set('keep_capabilities', bounds);
  else if (bounds !== undefined) {
    draft.note('CapabilityBoundingSet', 'is left out: `keep_capabilities` would give them to the user');
  }
}

function wholeNumber(entry: Entry): number {
  if (!/^-?\d{1,9}$/.test(entry.value)) throw invalid(entry, 'no whole number');
  return Number(entry.value);
}

function flag(entry: Entry): boolean {
  const value = booleanOf(entry.value);
  if (value === undefined) throw invalid(entry, 'neither yes nor no');
  return value;
}

/** A time span; undefined for `infinity`. */
function spanOf(entry: Entry): number | undefined {
  const { value } = entry;
  const ms = spanMs(value);
  if (ms === undefined && value !== 'infinity') throw invalid(entry, 'no time span');
  return ms;
}

const START_TIMEOUT_MS = 90_000;
const NOTIFY_PERIOD_MS = 1_000;

function takeReadiness(timeout: Entry | undefined, type: string, draft: Draft): void {
  const isNotified = type === 'notify' || type === 'notify-reload';
  if (!isNotified) {
    if (timeout !== undefined) draft.note(timeout.key, 'is left out: give it a startup probe');
    return;
  }
  const ms = (timeout && spanOf(timeout)) || START_TIMEOUT_MS;
  const failures = Math.max(1, Math.ceil(ms / NOTIFY_PERIOD_MS));
  draft.set('probes', { startup: { notify: true, period: `${NOTIFY_PERIOD_MS}ms`, failure_threshold: failures } });
}

function takeStop(keys: UnitKeys, timeout: Entry | undefined, values: UnitValues, draft: Draft): void {
  const signal = last(keys, 'KillSignal');
  if (signal !== undefined) {
    const known = signalOf(signal.value);
    if (known === undefined) draft.note('KillSignal', `is left out: ${signal.value} cannot be sent`);
    else draft.extend('stop', { signal: known });
  }
  const graceMs = timeout && spanOf(timeout);
  if (graceMs) draft.extend('stop', { grace: `${graceMs}ms` });
  else if (timeout !== undefined) draft.note(timeout.key, 'without end is left out: a stop ends with a kill here');
  const mode = last(keys, 'KillMode')?.value;
  if (mode === 'mixed' || mode === 'process') draft.extend('stop', { whole_group: false });
  if (mode === 'process' || mode === 'none') draft.note('KillMode', `${mode}: what is left in the end is killed here`);
  takeHooks(keys, values, draft);
}

function takeHooks(keys: UnitKeys, values: UnitValues, draft: Draft): void {
  const entries = keys.take('ExecStop') ?? [];
  const commands = entries.flatMap((entry) =>
    entry.value.includes('MAINPID') ? [] : commandsOf(entry, values, draft),
  );
  const [command] = commands;
  if (commands.length === 1 && entries.length === 1 && command !== undefined)
    draft.extend('stop', { pre_stop: { command } });
  else if (entries.length > 0)
    draft.note('ExecStop', 'is left out: `stop.pre_stop` is one command, which is not told the pid');
}

function takeRestart(keys: UnitKeys, draft: Draft): void {
  const rules: Rule[] = [];
  const restart = last(keys, 'Restart')?.value ?? 'no';
  draft.set('restart', { policy: restart === 'always' ? 'always' : RESTARTED.has(restart) ? 'on_failure' : 'never' });
  if (restart.startsWith('on-') && restart !== 'on-failure' && restart !== 'on-success') {
    draft.note('Restart', `${restart}: it is restarted after any failure here; narrow it down with \`restart.rules\``);
  }
  const delay = last(keys, 'RestartSec');
  const delayMs = delay && spanOf(delay);
  if (delayMs) {
    draft.extend('restart', { backoff: { initial: `${delayMs}ms`, max: `${delayMs}ms`, factor: 1, jitter: 0 } });
    draft.note('RestartSec', 'is for restarts in a row: the first one is at once');
  }
  const { codes, signals } = statusesOf(keys, 'SuccessExitStatus', draft);
  if (codes.length > 0) draft.extend('restart', { success_exit_codes: [0, ...codes] });
  for (const [key, action] of [
    ['RestartPreventExitStatus', 'fail'],
    ['RestartForceExitStatus', 'restart'],
  ] as const) {
    const statuses = statusesOf(keys, key, draft);
    if (statuses.codes.length > 0 || statuses.signals.length > 0) rules.push(ruleOf(statuses, action));
  }
  if (signals.length > 0) rules.push(ruleOf({ codes: [], signals }, restart === 'always' ? 'restart' : 'stop'));
  if (restart === 'on-success') rules.push({ exit_codes: [0, ...codes], action: 'restart' });
  if (rules.length > 0) draft.extend('restart', { rules });
}

const RESTARTED = new Set(['on-failure', 'on-abnormal', 'on-abort', 'on-watchdog']);

interface Statuses {
  readonly codes: readonly number[];
  /** With `SIG`. */
  readonly signals: readonly string[];
}

function ruleOf({ codes, signals }: Statuses, action: Rule['action']): Rule {
  return {
    ...(codes.length > 0 && { exit_codes: [...codes] }),
    ...(signals.length > 0 && { signals: [...signals] }),
    action,
  };
}

const CODE = /^\d{1,3}$/;
const SIGNAL = /^SIG[A-Z0-9+]{2,12}$/;

function statusesOf(keys: UnitKeys, key: string, draft: Draft): Statuses {
  const words = (keys.take(key) ?? []).flatMap(({ value }) => value.split(/\s+/));
  const codes = words.filter((word) => CODE.test(word)).map(Number);
  const signals = words.filter((word) => SIGNAL.test(word));
  const others = words.filter((word) => !CODE.test(word) && !SIGNAL.test(word));
  if (others.length > 0) draft.note(key, `${others.join(', ')}: write the number of the code`);
  return { codes, signals };
}

type Limits = NonNullable<WorkerInput['limits']>;

/** One number of a limit, in its unit; undefined when it is not bounded. */
type Quantity = (entry: Entry) => number | undefined;

const bytes: Quantity = (entry) => {
  const value = binaryBytes(entry.value);
  if (value === undefined && !entry.value.endsWith('%')) throw invalid(entry, 'no size');
  return value;
};
const count: Quantity = (entry) => (entry.value.endsWith('%') ? undefined : wholeNumber(entry));
const percent: Quantity = (entry) => {
  const value = Number(entry.value.replace(/%$/, ''));
  if (Number.isNaN(value)) throw invalid(entry, 'no percentage');
  return value;
};

/** Memory is reclaimed, then the kernel kills and `Restart=` decides: so does `restart`. */
const LIMITS: Readonly<Record<string, { readonly of: Quantity; readonly to: (value: number) => Limits }>> = {
  MemoryMax: { of: bytes, to: (max_rss) => ({ memory: { max_rss, policy: 'restart' } }) },
  MemoryLimit: { of: bytes, to: (max_rss) => ({ memory: { max_rss, policy: 'restart' } }) },
  MemorySwapMax: { of: bytes, to: (max_swap) => ({ memory: { max_swap } }) },
  LimitAS: { of: bytes, to: (max_virtual) => ({ memory: { max_virtual } }) },
  CPUQuota: { of: percent, to: (max_percent) => ({ cpu: { max_percent, policy: 'throttle' } }) },
  CPUWeight: { of: count, to: (shares) => ({ cpu: { shares } }) },
  LimitCPU: { of: (entry) => spanOf(entry), to: (ms) => ({ cpu: { max_time: `${ms}ms` } }) },
  TasksMax: { of: count, to: (max_processes) => ({ process: { max_processes } }) },
  LimitNOFILE: { of: count, to: (max_file_descriptors) => ({ io: { max_file_descriptors } }) },
  LimitFSIZE: { of: bytes, to: (max_file_size) => ({ storage: { max_file_size } }) },
};

function takeLimits(keys: UnitKeys, draft: Draft): void {
  const limits: Limits = {};
  for (const [key, { of, to }] of Object.entries(LIMITS)) {
    const entry = last(keys, key);
    if (entry === undefined || entry.value === 'infinity') continue;
    // `soft:hard` of resource limits: what cannot be exceeded is what counts.
    const [soft = '', hard] = entry.value.split(':');
    if (hard !== undefined) draft.note(key, `${entry.value}: the second is taken, soft and hard alike`);
    if ((hard ?? soft) === 'infinity') continue;
    const value = of({ ...entry, value: hard ?? soft });
    if (value === undefined) {
      draft.note(key, `${entry.value} is left out: a share of the machine is not known here`);
      continue;
    }
    for (const [section, parts] of Object.entries(to(value)) as [keyof Limits, object][]) {
      Object.assign(limits, { [section]: { ...limits[section], ...parts } });
    }
  }
  if (Object.keys(limits).length > 0) draft.set('limits', limits);
}

const HOOKS = 'is left out: put it into the command, or make a worker of it with `depends_on` and `completed`';
const OUTPUT = 'is left out: output is kept here, see `logs` and `roundhouse worker logs`';
const REASONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ExecStartPre: HOOKS,
    ExecStartPost: HOOKS,
    ExecStopPost: HOOKS,
    ExecCondition: HOOKS,
    StandardOutput: OUTPUT,
    StandardError: OUTPUT,
    SyslogIdentifier: OUTPUT,
    WatchdogSec: 'is left out: give it a liveness probe',
    NotifyAccess: 'is left out: any process of the worker may notify',
    PIDFile: 'is left out: what is started is what is watched',
    RemainAfterExit: 'is left out: a worker that has completed stays so',
    LimitNPROC: 'is left out: it counts processes of the user; see `limits.process`',
    MemoryHigh: 'is left out: see `limits.memory` with `warning_threshold`',
    RuntimeMaxSec: 'is left out: a run is not bounded in time here',
  }),
);

function reasonOf(key: string): string {
  return REASONS.get(key) ?? 'has no counterpart here';
}
