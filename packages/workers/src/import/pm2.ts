import { posix } from 'node:path';
import { isRoundhouseError } from '@roundhouse/core';
import { parseSchedule } from '../schedule/schedule.ts';
import { checkLength, Collector, type Draft, idOf, type Imported, importInvalid } from './collector.ts';
import { Keys } from './keys.ts';
import { binaryBytes } from './quantities.ts';
import { shellWords } from './words.ts';

const FORMAT = 'PM2 ecosystem';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Takes over an ecosystem of PM2: the text of a JSON file, or what a `.config.js` exports. Raises IMPORT_INVALID, for a
 * program too: nothing is run to find out what it says.
 */
export function importPm2(input: string | object): Imported {
  const root = typeof input === 'string' ? parse(input) : input;
  const collector = new Collector(FORMAT);
  const apps = appsOf(root, collector);
  apps.forEach((app, index) => {
    if (!isFields(app)) throw importInvalid(FORMAT, `app ${index + 1} is no object`);
    takeApp(app, index, collector);
  });
  if (apps.length > 0) {
    collector.note(
      'PM2 passes on the environment that it was called in; here a worker has what `environment` says, unless `inherit_environment` names more',
    );
  }
  return collector.finish();
}

function parse(text: string): unknown {
  checkLength(FORMAT, text);
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    const line = /line (\d+)/.exec(message)?.[1];
    throw importInvalid(
      FORMAT,
      'it is not JSON',
      line === undefined ? undefined : Number(line),
      'An `ecosystem.config.js` is a program and is not run here. Give what it says: node -p "JSON.stringify(require(\'./ecosystem.config.js\'))".',
    );
  }
}

function appsOf(root: unknown, collector: Collector): readonly unknown[] {
  if (Array.isArray(root)) return root;
  if (!isFields(root)) throw importInvalid(FORMAT, 'it is neither an object nor a list of apps');
  const { apps, pm2, ...others } = root;
  const found = apps ?? pm2;
  if (found === undefined) {
    if ('script' in root || 'exec' in root || 'cmd' in root) return [root];
    throw importInvalid(FORMAT, 'it has no `apps`');
  }
  for (const key of Object.keys(others)) collector.note(`\`${key}\` has no counterpart here`);
  return Array.isArray(found) ? found : [found];
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Fields of an app by the type that they must have; one of another type is told of, and as if it were not there. */
class AppFields extends Keys<unknown> {
  readonly #draft: Draft;

  constructor(app: Fields, draft: Draft) {
    super(Object.entries(app).filter(([, value]) => value !== null));
    this.#draft = draft;
  }

  text(...names: readonly string[]): string | undefined {
    const value = this.take(...names);
    if (typeof value === 'string') return value;
    return value === undefined ? undefined : this.#wrong(names, 'a text');
  }

  number(...names: readonly string[]): number | undefined {
    const value = this.take(...names);
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number === 'number' && Number.isFinite(number) && number >= 0) return number;
    return value === undefined ? undefined : this.#wrong(names, 'a number');
  }

  words(...names: readonly string[]): readonly string[] {
    const value = this.take(...names);
    if (value === undefined) return [];
    if (Array.isArray(value)) return value.map(String);
    const words = typeof value === 'string' ? shellWords(value) : undefined;
    return words ?? this.#wrong(names, 'a list, or a text with its quotes closed') ?? [];
  }

  #wrong(names: readonly string[], what: string): undefined {
    this.#draft.note(names[0] ?? '', `is left out: expected ${what}`);
  }
}

function takeApp(app: Fields, index: number, collector: Collector): void {
  const { script, exec, cmd, command, name } = app;
  const program = [script, exec, cmd, command].find((each) => typeof each === 'string' && each !== '');
  if (typeof program !== 'string') throw importInvalid(FORMAT, `app ${index + 1} has no \`script\``);
  const draft = collector.begin(typeof name === 'string' ? name : posix.parse(program).name);
  const fields = new AppFields(app, draft);
  fields.take('name');
  takeCommand(fields, draft);
  takeEnvironment(fields, draft);
  takeInstances(fields, draft);
  takeStop(fields, draft);
  takeRestart(fields, draft);
  takeLimits(fields, draft);
  takeSchedule(fields, draft);
  tellRest(fields, draft);
}

/** What PM2 runs files with, by their ending: lib/API/interpreter.json of PM2 6. */
const INTERPRETERS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '.js': 'node',
    '.cjs': 'node',
    '.mjs': 'node',
    '.sh': 'bash',
    '.py': 'python',
    '.rb': 'ruby',
    '.pl': 'perl',
    '.php': 'php',
  }),
);

function takeCommand(fields: AppFields, draft: Draft): void {
  const script = fields.text('script', 'exec', 'cmd', 'command') ?? '';
  const args = fields.words('args');
  const interpreterArgs = fields.words('node_args', 'interpreter_args', 'interpreterArgs');
  const given = fields.text('exec_interpreter', 'interpreter');
  const directory = fields.text('cwd');
  if (directory !== undefined) draft.set('working_directory', directory);
  if (/\s/.test(script) && given === undefined) {
    // PM2 gives such a script to a shell.
    draft.set('command', ['/bin/sh', '-c', [script, ...args].join(' ')]);
  } else {
    const ending = posix.extname(script);
    const interpreter = given ?? INTERPRETERS.get(ending) ?? 'none';
    if (given === undefined && interpreter === 'none' && script.includes('/')) {
      draft.note(
        'script',
        `is run itself: put an interpreter before it in \`command\` if it is one for ${ending || 'node'}`,
      );
    }
    draft.set(
      'command',
      interpreter === 'none' ? [script, ...args] : [interpreter, ...interpreterArgs, script, ...args],
    );
    if (interpreter === 'none' && interpreterArgs.length > 0)
      draft.note('node_args', 'are for an interpreter, and there is none');
  }
  if (directory === undefined && !script.startsWith('/')) {
    draft.note('cwd', 'is not given: PM2 takes the directory that it is called in, so set `working_directory`');
  }
}

function takeEnvironment(fields: AppFields, draft: Draft): void {
  const env = fields.take('env');
  if (isFields(env)) {
    draft.extend('environment', Object.fromEntries(Object.entries(env).map(([key, value]) => [key, textOf(value)])));
  } else if (env !== undefined) draft.note('env', 'is left out: expected an object');
  const port = fields.number('port');
  if (port !== undefined) draft.extend('environment', { PORT: String(port) });
  const user = fields.take('uid', 'user');
  if (user !== undefined) draft.set('user', textOf(user));
  const group = fields.take('gid');
  if (group !== undefined) draft.set('group_of_user', textOf(group));
  const namespace = fields.text('namespace');
  if (namespace !== undefined && namespace !== 'default') draft.set('group', idOf(namespace));
}

/** As PM2 makes texts of values in the environment. */
function textOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

function takeInstances(fields: AppFields, draft: Draft): void {
  const instances = fields.take('instances');
  const count = Number(instances);
  if (instances === 'max' || count <= 0) {
    draft.note('instances', `was ${JSON.stringify(instances)}, a number by processors: set \`replicas\``);
  } else if (Number.isInteger(count)) draft.set('replicas', count);
  else if (instances !== undefined) draft.note('instances', 'is left out: expected a number');
  const mode = fields.text('exec_mode');
  if (mode?.startsWith('cluster')) {
    draft.note(
      'exec_mode',
      'cluster: instances are processes of their own here; to share a port name it under `sockets`',
    );
  }
}

function takeStop(fields: AppFields, draft: Draft): void {
  // PM2 stops with SIGINT, and the program is made for that: constants.js.
  draft.extend('stop', { signal: 'INT' });
  const grace = fields.number('kill_timeout');
  if (grace !== undefined) draft.extend('stop', { grace: `${Math.round(grace)}ms` });
  if (fields.take('treekill') === false) {
    draft.extend('stop', { whole_group: false });
    draft.note('treekill', 'false: the signal goes to the leader alone; what is killed in the end is always all of it');
  }
}

/** A span as PM2 has it: ms, or with `s`, `m`, `h`. */
function uptimeMs(value: unknown): number | undefined {
  const [, number, unit = ''] = /^(\d{1,12})(h|m|s)?$/.exec(String(value)) ?? [];
  if (number === undefined) return undefined;
  return Number(number) * ({ h: 3_600_000, m: 60_000, s: 1_000 }[unit] ?? 1);
}

/** Growth and bound of `exp_backoff_restart_delay`: lib/God.js of PM2. */
const PM2_FACTOR = 1.5;
const PM2_LONGEST = '15s';

function takeRestart(fields: AppFields, draft: Draft): void {
  const delayMs = fields.number('restart_delay');
  const growingMs = fields.number('exp_backoff_restart_delay');
  const most = fields.number('max_restarts');
  const uptime = fields.take('min_uptime');
  const codes = fields.take('stop_exit_codes');
  if (fields.take('autorestart') === false) draft.extend('restart', { policy: 'never' });

  if (growingMs !== undefined && growingMs > 0) {
    draft.extend('restart', {
      backoff: { initial: `${growingMs}ms`, max: PM2_LONGEST, factor: PM2_FACTOR, jitter: 0 },
    });
  } else if (delayMs !== undefined && delayMs > 0) {
    draft.extend('restart', { backoff: { initial: `${delayMs}ms`, max: `${delayMs}ms`, factor: 1, jitter: 0 } });
  }
  if (codes !== undefined) {
    const exitCodes = (Array.isArray(codes) ? codes : [codes]).map(Number);
    draft.extend('restart', { rules: [{ exit_codes: exitCodes, action: 'stop' }] });
  }
  if (most !== undefined) {
    const wait = { retry_delay: `${growingMs || delayMs || 0}ms`, backoff_rate: growingMs ? PM2_FACTOR : 1 };
    draft.extend('restart', { context_aware: { default: { max_retries: most, ...wait } } });
    draft.note('max_restarts', `${most}: after so many it is tried again each \`half_open_after\`, not given up`);
  }
  if (uptime !== undefined || most !== undefined) {
    const ms = uptimeMs(uptime ?? 1_000);
    if (ms === undefined) draft.note('min_uptime', 'is left out: expected ms, or a number with `s`, `m`, `h`');
    else draft.extend('restart', { reset_after: `${ms}ms` });
  }
}

function takeLimits(fields: AppFields, draft: Draft): void {
  const memory = fields.take('max_memory_restart');
  if (memory === undefined) return;
  const bytes = typeof memory === 'number' || typeof memory === 'string' ? binaryBytes(String(memory)) : undefined;
  if (bytes === undefined) draft.note('max_memory_restart', 'is left out: expected a size such as `200M`');
  else draft.extend('limits', { memory: { max_rss: bytes, policy: 'restart' } });
}

/** With `autorestart: false` it is a job that runs at these times; else PM2 restarts by them what runs all the time. */
function takeSchedule(fields: AppFields, draft: Draft): void {
  const cron = fields.text('cron_restart', 'cron');
  if (cron === undefined || cron === '0') return;
  if (draft.worker.restart?.policy !== 'never') {
    draft.note('cron_restart', `${cron}: what runs all the time is not restarted by the clock here`);
    return;
  }
  try {
    parseSchedule(cron);
    draft.set('schedule', cron);
    draft.note('cron_restart', 'was in local time: it is in UTC here, unless it begins with `TZ=Area/City `');
  } catch (error) {
    if (!isRoundhouseError(error)) throw error;
    draft.note('cron_restart', `is left out: ${error.message}`);
  }
}

const OUTPUT = 'is left out: output is kept here, see `logs` and `roundhouse worker logs`';
const PM2_ITSELF = 'is left out: it concerns PM2 itself';
const NO_WATCH = 'is left out: files are not watched';
const NO_MESSAGES = 'is left out: there is no channel for `process.send`; use `probes` and the signal';

const REASONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...Object.fromEntries(
      [
        'out_file',
        'out',
        'output',
        'out_log',
        'error_file',
        'error',
        'err',
        'err_file',
        'err_log',
        'log_file',
        'log',
        'log_type',
        'log_date_format',
        'time',
        'merge_logs',
        'combine_logs',
        'disable_logs',
      ].map((key) => [key, OUTPUT]),
    ),
    ...Object.fromEntries(
      [
        'pmx',
        'automation',
        'vizion',
        'trace',
        'disable_trace',
        'v8',
        'event_loop_inspector',
        'deep_monitoring',
        'io',
        'force',
        'write',
        'username',
        'install_url',
        'post_update',
        'windowsHide',
        'append_env_to_name',
        'name_prefix',
        'execute_command',
        'kill_retry_time',
      ].map((key) => [key, PM2_ITSELF]),
    ),
    ...Object.fromEntries(['watch', 'ignore_watch', 'watch_options', 'watch_delay'].map((key) => [key, NO_WATCH])),
    ...Object.fromEntries(['wait_ready', 'listen_timeout', 'shutdown_with_message'].map((key) => [key, NO_MESSAGES])),
    instance_var: 'is left out: each instance knows its number as `ROUNDHOUSE_INSTANCE`',
    increment_var: 'is left out: each instance knows its number as `ROUNDHOUSE_INSTANCE`',
    source_map_support: 'is left out: give node `--enable-source-maps` in `command`',
    filter_env: 'is left out: nothing is passed on but what `inherit_environment` names',
    pid_file: 'is left out: processes are not told by files here',
    pid: 'is left out: processes are not told by files here',
  }),
);

/** A switch that is off asks for nothing. */
function tellRest(fields: AppFields, draft: Draft): void {
  for (const [key, value] of fields.left()) {
    if (value === false) continue;
    const isVariant = key.startsWith('env_');
    draft.note(
      key,
      isVariant ? 'is left out: write a layer of its own for it' : (REASONS.get(key) ?? 'has no counterpart here'),
    );
  }
}
