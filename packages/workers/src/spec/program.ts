import type { WorkerHookInput, WorkerInput } from '@roundhouse/api';
import { durationMs } from './quantities.ts';
import type { AttachSpec, HookSpec, ProgramSpec, SocketSpec, StopSpec } from './spec.ts';

type Input = Omit<WorkerInput, 'unit' | 'profile_type'>;

const DEFAULT_UMASK = 0o022;

export function programOf(input: Input): ProgramSpec | undefined {
  const { command } = input;
  if (command === undefined) return undefined;
  const { user, keep_capabilities: capabilities } = input;
  return {
    command: argumentsOf(command),
    workingDirectory: input.working_directory,
    environment: input.environment ?? {},
    environmentFiles: input.environment_files ?? [],
    inheritEnvironment: input.inherit_environment ?? false,
    secrets: (input.secrets ?? []).map(({ name, value, as = 'file' }) => ({ name, value, as })),
    user,
    group: input.group_of_user,
    umask: input.umask === undefined ? DEFAULT_UMASK : Number.parseInt(input.umask, 8),
    nice: input.nice,
    oomScoreAdjust: input.oom_score_adjust,
    keepCapabilities: capabilities?.map((name) => name.toLowerCase().replace(/^cap_/, '')),
    hasNoNewPrivileges: input.no_new_privileges ?? (user !== undefined || capabilities !== undefined),
    sockets: (input.sockets ?? []).map(socketOf),
  };
}

/** The schema has checked that the program is there. */
export function argumentsOf([program = '', ...rest]: readonly string[]): readonly [string, ...string[]] {
  return [program, ...rest];
}

function socketOf({ name, listen }: { readonly name: string; readonly listen: string }): SocketSpec {
  if (listen.startsWith('/')) return { name, path: listen };
  const colon = listen.lastIndexOf(':');
  return {
    name,
    host: listen.slice(0, colon).replace(/^\[(.*)\]$/, '$1'),
    port: Number(listen.slice(colon + 1)),
  };
}

const CHECK_INTERVAL_MS = 5_000;

export function attachOf(input: NonNullable<WorkerInput['attach']>): AttachSpec {
  const { pid_file: path, process_name: name, port, check_interval: interval } = input;
  return {
    by:
      path !== undefined
        ? { kind: 'pid_file', path }
        : name !== undefined
          ? { kind: 'name', name, arguments: input.arguments ?? [] }
          : { kind: 'port', port: port ?? 0 },
    checkIntervalMs: interval === undefined ? CHECK_INTERVAL_MS : durationMs(interval),
    canStop: input.can_stop ?? false,
    allowedSignals: input.allowed_signals ?? [],
  };
}

export function stopOf(input: NonNullable<WorkerInput['stop']> = {}): StopSpec {
  return {
    signal: input.signal ?? 'TERM',
    graceMs: durationMs(input.grace ?? '30s'),
    drainMs: durationMs(input.drain ?? '0s'),
    preStop: input.pre_stop && hookOf(input.pre_stop),
    isWholeGroup: input.whole_group ?? true,
  };
}

function hookOf({ command, http, timeout }: WorkerHookInput): HookSpec {
  const timeoutMs = durationMs(timeout ?? '10s');
  return http === undefined
    ? { kind: 'exec', command: argumentsOf(command ?? []), timeoutMs }
    : { kind: 'http', url: http.url, method: http.method ?? 'POST', timeoutMs };
}
