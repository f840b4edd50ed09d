import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { RoundhouseError } from '@roundhouse/core';
import { workerError } from '../errors.ts';
import { type InstanceId } from '../instance/id.ts';
import type { Launch } from './contract.ts';
import type { Fault } from './life.ts';

/** Why a program did not begin, in plain words. */
export function startError(instance: InstanceId, launch: Launch, fault: Fault, runDirectory: string): RoundhouseError {
  if (fault.stage === 'run_directory') {
    const reason = 'the disk is full, or mounted read-only';
    return workerError('WORKER_RUN_DIRECTORY', { details: { directory: runDirectory, reason } });
  }
  const details = { worker: instance.worker, stage: fault.stage, reason: reasonOf(launch, fault) };
  return workerError('WORKER_START_FAILED', { details });
}

export function reasonOf(launch: Launch, { stage, status, reason }: Fault): string {
  if (reason !== '') return reason;
  switch (stage) {
    case 'directory':
      return directoryReason(launch);
    case 'user':
      return status === 127
        ? 'setpriv of util-linux is not installed'
        : `setpriv cannot give it the user${launch.user === undefined ? '' : ` ${launch.user.name}`} and rights that are asked for; its log has what it said`;
    case 'program':
      return programReason(launch, status);
    default:
      return `its launch has ended with ${status}`;
  }
}

function directoryReason({ workingDirectory, user }: Launch): string {
  const directory = statSync(workingDirectory, { throwIfNoEntry: false });
  if (directory === undefined) return `there is no directory ${workingDirectory}`;
  if (!directory.isDirectory()) return `${workingDirectory} is no directory`;
  return `${user?.name ?? 'its user'} may not enter ${workingDirectory}`;
}

/** 127: execve(2) found nothing; 126: what it found cannot be run. */
function programReason(launch: Launch, status: number): string {
  const [program] = launch.command;
  if (status !== 127) return `${program} may not be executed by ${launch.user?.name ?? 'its user'}, or is no program`;
  const path = program.includes('/') ? program : `any directory of its PATH (${launch.environment['PATH'] ?? ''})`;
  if (!isExecutable(launch, program)) {
    return program.includes('/') ? `there is no program ${path}` : `there is no program ${program} in ${path}`;
  }
  return `${program} is there, but not the interpreter or loader that it names`;
}

function isExecutable({ environment, workingDirectory }: Launch, program: string): boolean {
  const places = program.includes('/')
    ? [program.startsWith('/') ? program : join(workingDirectory, program)]
    : (environment['PATH'] ?? '').split(delimiter).map((directory) => join(directory, program));
  return places.some((path) => {
    if (!existsSync(path)) return false;
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
