import { join } from 'node:path';
import type { Scope } from '@roundhouse/core';
import { workerError } from '../errors.ts';
import type { InstanceId } from '../instance/id.ts';
import type { Enforcement } from '../limits/contract.ts';
import type { Launch } from '../process/contract.ts';
import type { ProgramSpec, WorkerSpec } from '../spec/spec.ts';
import { type Account, findAccount, findGroup, ownAccount } from './account.ts';
import { readEnvironmentFile } from './environment.ts';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Of no use to another process: the sockets of Roundhouse itself among them, sd_listen_fds(3). */
const OWN_VARIABLE = /^(?:ROUNDHOUSE_.*|LISTEN_(?:FDS|FDNAMES|PID))$/;

export interface LaunchDependencies {
  /** Of Roundhouse itself. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Gives the text behind a `secret://` reference. */
  readonly secrets: (reference: string, scope: Scope) => Promise<string>;
  readonly logFiles: (instance: InstanceId) => NonNullable<Launch['logFiles']>;
}

/** Directories of an instance that its program may use. */
export interface InstancePlaces {
  readonly data: string;
  readonly temporary: string;
  /** Where an integrated worker serves the worker contract. */
  readonly contractSocket: string;
  /** Where it tells that it is ready, as sd_notify(3) does. */
  readonly notifySocket: string;
}

/** All that an instance is started with, resolved. Raises WORKER_NO_COMMAND, WORKER_START_FAILED. */
export async function prepareLaunch(
  instance: InstanceId,
  spec: WorkerSpec,
  enforcement: Pick<Enforcement, 'cgroups' | 'rlimits'>,
  places: InstancePlaces,
  deps: LaunchDependencies,
  scope: Scope,
): Promise<Launch> {
  const { program } = spec;
  if (program === undefined) throw workerError('WORKER_NO_COMMAND', { details: { worker: spec.id } });
  const account = await accountOf(spec.id, program);
  const [secretFiles, secretVariables] = await secretsOf(program, deps, scope);
  const files = await Promise.all(program.environmentFiles.map((path) => readEnvironmentFile(spec.id, path)));
  const home = { HOME: account.home, USER: account.name, LOGNAME: account.name };
  const isSameUser = program.user === undefined && program.group === undefined;
  return {
    command: program.command,
    workingDirectory: program.workingDirectory ?? places.data,
    environment: {
      PATH,
      LANG: 'C.UTF-8',
      ...home,
      ...inherited(program, deps.environment),
      // What is inherited is that of another user.
      ...(program.user !== undefined && home),
      ...(hasPlace(spec, 'temporary') && { TMPDIR: places.temporary }),
      ...Object.assign({}, ...files),
      ...secretVariables,
      ...program.environment,
      ROUNDHOUSE_WORKER: spec.id,
      ROUNDHOUSE_INSTANCE: String(instance.number),
      ...(spec.type === 'integrated' && { ROUNDHOUSE_WORKER_SOCKET: places.contractSocket }),
      ...(isNotifying(spec) && { NOTIFY_SOCKET: places.notifySocket }),
    },
    secretFiles,
    user: isSameUser ? undefined : { uid: account.uid, gid: account.gid, name: account.name },
    umask: program.umask,
    nice: program.nice,
    oomScoreAdjust: program.oomScoreAdjust,
    keepCapabilities: program.keepCapabilities,
    hasNoNewPrivileges: program.hasNoNewPrivileges,
    cgroups: enforcement.cgroups,
    rlimits: enforcement.rlimits,
    logFiles: spec.logs.mode === 'file' ? deps.logFiles(instance) : undefined,
    sockets: program.sockets,
  };
}

async function accountOf(worker: string, { user, group }: ProgramSpec): Promise<Account> {
  const unknown = (what: string): Error =>
    workerError('WORKER_START_FAILED', { details: { worker, stage: 'user', reason: `there is no ${what}` } });
  const account = user === undefined ? ownAccount() : await findAccount(user);
  if (account === undefined) throw unknown(`user ${user}`);
  if (group === undefined) return account;
  const gid = await findGroup(group);
  if (gid === undefined) throw unknown(`group ${group}`);
  return { ...account, gid };
}

function inherited(
  { inheritEnvironment: wanted }: ProgramSpec,
  environment: LaunchDependencies['environment'],
): Readonly<Record<string, string>> {
  if (wanted === false) return {};
  const given = Object.entries(environment).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && (wanted === true ? !OWN_VARIABLE.test(entry[0]) : wanted.includes(entry[0])),
  );
  return Object.fromEntries(given);
}

async function secretsOf(
  { secrets }: ProgramSpec,
  deps: LaunchDependencies,
  scope: Scope,
): Promise<readonly [Record<string, string>, Record<string, string>]> {
  const files: Record<string, string> = {};
  const variables: Record<string, string> = {};
  for (const { name, value, as } of secrets) {
    const text = value.startsWith('secret://') ? await deps.secrets(value, scope) : value;
    (as === 'file' ? files : variables)[name] = text;
  }
  return [files, variables];
}

/** Whether the program is to have this directory. */
export function hasPlace(spec: WorkerSpec, place: 'data' | 'temporary'): boolean {
  const { type, program, limits } = spec;
  if (place === 'temporary') return limits['storage.max_temporary'] !== undefined;
  return type === 'integrated' || isNotifying(spec) || program?.workingDirectory === undefined;
}

/** Whether a probe waits for what the program says over `NOTIFY_SOCKET`. */
export function isNotifying({ probes }: WorkerSpec): boolean {
  return [probes.startup, probes.readiness, probes.liveness].some((probe) => probe?.action.kind === 'notify');
}

/** Where the files of an instance are, below a data directory. */
export function placesOf(directory: string, { worker, number }: InstanceId): InstancePlaces {
  const data = join(directory, worker, String(number));
  return {
    data,
    temporary: join(data, 'tmp'),
    contractSocket: join(data, 'worker.sock'),
    notifySocket: join(data, 'notify.sock'),
  };
}
