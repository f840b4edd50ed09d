import type { Launch } from './contract.ts';
import type { InstanceDirectory } from './instanceDirectory.ts';
import { type LaunchScript, launchScript, quote } from './script.ts';

/** One run of an instance. */
export interface ScriptRun {
  readonly generation: number;
  readonly token: string;
  readonly bootId: string;
  /** Directory of its secret files. */
  readonly secrets: string | undefined;
  /** `cgroup.procs` of its v2 group. */
  readonly joinFile: string | undefined;
}

/** The launch of an instance: it claims its generation before all else, and says who it is. */
export function instanceScript(launch: Launch, directory: InstanceDirectory, run: ScriptRun): LaunchScript {
  const { generation, token, bootId, secrets, joinFile } = run;
  const record = quote(directory.file('pid', generation));
  const claim = [
    '__stage=run_directory',
    // Of the shim: `out` and `err`, and the line of its commands.
    'exec </dev/null >&5 2>&6 3<&- 5>&- 6>&-',
    // O_EXCL. When another was first there is nothing to do, and nothing to tell.
    'set -C',
    `if ! command exec 3>${record}; then`,
    `  [ ! -e ${record} ] || trap - EXIT`,
    '  exit 1',
    'fi',
    'set +C',
    `read -r __pid ${'_ '.repeat(20)}__start _ < /proc/self/stat`,
    `echo "$__pid $__start ${bootId} ${token} $1 ." >&3 || exit 1`,
    'exec 3>&-',
    `__begun="run ${generation} $__pid $__start ${token} $1"`,
  ];
  return launchScript(joinFile === undefined ? launch : { ...launch, cgroups: [joinFile, ...launch.cgroups] }, {
    subject: ` ${generation}`,
    marker: directory.file('launch', generation),
    before: claim,
    programFrom: `<${quote(directory.file('program', generation))}`,
    environment: {
      ...launch.environment,
      ROUNDHOUSE_RUN: token,
      ...(secrets !== undefined && { ROUNDHOUSE_SECRETS: secrets }),
    },
    self: self(),
  });
}

/** Who launches; 0 where the system has no users. */
export function self(): { readonly uid: number; readonly gid: number } {
  return { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
}
