import type { Launch } from './contract.ts';
import { PERL, passSockets, socketEnvironment } from './socketSet.ts';

/** What a launch is written for. */
export interface ScriptPlace {
  /** First words of what is told through descriptor 4, for the run: ` 7`, or nothing. */
  readonly subject: string;
  /** An argument that all shells of the launch have and no program has: whoever has it is still launching. */
  readonly marker: string;
  /** Commands that come before all others. They may set `__begun` to a line that is told before the launch becomes the program. */
  readonly before: readonly string[];
  /** Where the second shell reads the program's part, as a redirection. */
  readonly programFrom: string;
  /** The environment of the program: the launch's, and what is for this run. */
  readonly environment: Readonly<Record<string, string>>;
  /** The one who launches. */
  readonly self: { readonly uid: number; readonly gid: number };
}

/** `launch` is run first. `program` is what it hands to a second shell, which is the program's user already; undefined: it is in `launch`. */
export interface LaunchScript {
  readonly launch: string;
  readonly program: string | undefined;
}

/** Late: whoever hears it looks for the program from then on. Before a fault, too, unless it has been told. */
const TELL_BEGUN = '[ -z "$__begun" ] || echo "$__begun" >&4; __begun=';

/** A variable that a shell can hold, and that has no meaning of its own there. */
const VARIABLE = /^(?!OPTIND$)[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The sh script that becomes the program. `exec` alone where nothing else is asked for: no process is made that is not
 * the program. Names that no shell variable can have are left out of the environment. Descriptor 4 takes one line for
 * each stage that fails, and the program gets none of it.
 */
export function launchScript(launch: Launch, place: ScriptPlace): LaunchScript {
  const rights = rightsOf(launch, place.self);
  const program = programPart(launch, place);
  const head = [...faultTrap(place), 'umask 077', ...place.before, ...limitsPart(launch), ...logPart(launch)];
  if (rights.length === 0) return { launch: whole([...head, ...program]), program: undefined };
  const become = `exec setpriv ${rights.map(quote).join(' ')} sh -s ${quote(place.marker)} ${place.programFrom}`;
  return {
    launch: whole([...head, '__stage=user', TELL_BEGUN, become]),
    program: whole([...faultTrap(place), `echo "user${place.subject}" >&4`, ...program]),
  };
}

/** As sh(1) reads it back to the same text. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function faultTrap({ subject }: ScriptPlace): string[] {
  // A shell runs it as well when `exec` finds no program.
  return [
    '__stage=limits __reason= __begun=',
    `trap '__status=$?; ${TELL_BEGUN}; echo "fault${subject} $__stage $__status $__reason" >&4' EXIT`,
  ];
}

function limitsPart({ cgroups, oomScoreAdjust, nice, rlimits }: Launch): string[] {
  const commands = ['__stage=limits'];
  const attempt = (what: string, command: string): void => {
    commands.push(`__reason=${quote(what)}`, `${command} || exit 1`);
  };
  for (const file of new Set(cgroups)) attempt(`it cannot join ${file}`, `echo $$ > ${quote(file)}`);
  if (oomScoreAdjust !== undefined) {
    attempt(`its oom score cannot be ${oomScoreAdjust}`, `echo ${oomScoreAdjust} > /proc/self/oom_score_adj`);
  }
  if (nice !== undefined) commands.push(`__reason=$(renice -n ${nice} -p $$ 2>&1) || exit 1`);
  const limits = Object.entries(rlimits).map(([name, value]) => quote(`--${name}=${value}:${value}`));
  if (limits.length > 0) commands.push(`__reason=$(prlimit --pid $$ ${limits.join(' ')} 2>&1) || exit 1`);
  return [...commands, '__reason='];
}

function logPart({ logFiles }: Launch): string[] {
  if (logFiles === undefined) return [];
  const { stdout, stderr } = logFiles;
  return [
    `__stage=directory __reason=${quote(`its log file ${stdout} or ${stderr} cannot be opened`)}`,
    `exec >>${quote(stdout)} 2>>${quote(stderr)}`,
    '__reason=',
  ];
}

function programPart(launch: Launch, { subject, marker, environment }: ScriptPlace): string[] {
  const { command, workingDirectory, umask, secretFiles, sockets } = launch;
  const secrets = environment['ROUNDHOUSE_SECRETS'];
  const isPassing = sockets.length > 0;
  const variables = Object.entries({ ...environment, ...socketEnvironment(launch) }).filter(([name]) =>
    VARIABLE.test(name),
  );
  const isOfPerl = ([name]: readonly [string, string]): boolean => isPassing && name.startsWith('PERL');
  const exports = variables.filter((each) => !isOfPerl(each)).map(([name, value]) => ` ${name}=${quote(value)}`);
  const passing = passSockets(sockets.length, marker, `fault${subject} program`, variables.filter(isOfPerl));
  return [
    '__stage=directory',
    `cd -- ${quote(workingDirectory)} || exit 1`,
    ...(secrets === undefined
      ? []
      : [
          `__stage=user __reason=${quote(`it cannot reach its secrets in ${secrets}`)}`,
          ...Object.keys(secretFiles).map((name) => `[ -r ${quote(`${secrets}/${name}`)} ] || exit 1`),
          '__reason=',
        ]),
    `umask ${umask.toString(8).padStart(4, '0')}`,
    '__stage=program',
    // What dash exports by itself.
    'unset PWD OLDPWD',
    ...(exports.length === 0 ? [] : [`export${exports.join(' \\\n ')}`]),
    TELL_BEGUN,
    ...(isPassing
      ? [
          // It stays the same process.
          'export LISTEN_PID=$$',
          `__stage=socket __reason=${quote(`${PERL} is not there to pass its sockets`)}`,
          `exec ${[...passing, ...command].map(quote).join(' ')} </dev/null`,
        ]
      : [`exec ${command.map(quote).join(' ')} </dev/null 4>&-`]),
  ];
}

/** Arguments of setpriv(1); empty where all stays as it is. */
function rightsOf({ user, keepCapabilities, hasNoNewPrivileges }: Launch, self: ScriptPlace['self']): string[] {
  const rights: string[] = [];
  if (user !== undefined && (user.uid !== self.uid || user.gid !== self.gid)) {
    rights.push(`--reuid=${user.uid}`, `--regid=${user.gid}`, '--init-groups');
  }
  if (keepCapabilities !== undefined) {
    const kept = ['-all', ...keepCapabilities.map((name) => `+${name}`)].join(',');
    rights.push(`--inh-caps=${kept}`, `--ambient-caps=${kept}`, `--bounding-set=${kept}`);
  }
  if (hasNoNewPrivileges) rights.push('--no-new-privs');
  return rights;
}

/** In braces: a shell that reads a part of it runs none of it. */
function whole(commands: readonly string[]): string {
  return `{\n${commands.join('\n')}\n}\n`;
}
