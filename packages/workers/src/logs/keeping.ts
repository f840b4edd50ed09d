import { join } from 'node:path';
import type { InstanceId } from '../instance/id.ts';
import type { LogSpec } from '../spec/spec.ts';
import type { Stream } from './contract.ts';

/** How the log daemon keeps the output of an instance: `run/logd/<worker>.<number>.json`, written by the supervisor. */
export interface Keeping {
  readonly instance: InstanceId;
  /** Paths of the FIFOs that it writes to. */
  readonly fifos: Readonly<Record<Stream, string>>;
  readonly log: Omit<LogSpec, 'forward'>;
}

export const KEEPING_SUFFIX = '.json';

export function keepingDirectory(runDirectory: string): string {
  return join(runDirectory, 'logd');
}

export function keepingName({ worker, number }: InstanceId): string {
  return `${worker}.${number}${KEEPING_SUFFIX}`;
}

export function keepingOf(runDirectory: string, instance: InstanceId, spec: LogSpec): Keeping {
  const directory = join(runDirectory, 'workers', instance.worker, String(instance.number));
  const { mode, maxBytes, maxFiles, maxAgeMs, isCompressed, rateLimit } = spec;
  return {
    instance: { worker: instance.worker, number: instance.number },
    fifos: { stdout: join(directory, 'out'), stderr: join(directory, 'err') },
    log: { mode, maxBytes, maxFiles, maxAgeMs, isCompressed, rateLimit },
  };
}

/** Reads what `JSON.stringify` of a keeping gives. Throws when it is something else. */
export function parseKeeping(text: string): Keeping {
  const value: unknown = JSON.parse(text);
  if (!isKeeping(value)) throw new TypeError('This does not say how output is kept');
  return value;
}

function isKeeping(value: unknown): value is Keeping {
  if (!isRecord(value) || !isRecord(value['instance']) || !isRecord(value['fifos']) || !isRecord(value['log']))
    return false;
  const { instance, fifos, log } = value;
  return (
    typeof instance['worker'] === 'string' &&
    typeof instance['number'] === 'number' &&
    typeof fifos['stdout'] === 'string' &&
    typeof fifos['stderr'] === 'string' &&
    (log['mode'] === 'daemon' || log['mode'] === 'file') &&
    typeof log['maxBytes'] === 'number' &&
    typeof log['maxFiles'] === 'number' &&
    isNumberOrAbsent(log['maxAgeMs']) &&
    typeof log['isCompressed'] === 'boolean' &&
    isNumberOrAbsent(log['rateLimit'])
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isNumberOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === 'number';
}
