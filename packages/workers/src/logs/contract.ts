import type { Scope } from '@roundhouse/core';
import type { InstanceId } from '../instance/id.ts';
import type { LogSpec } from '../spec/spec.ts';

export type Stream = 'stdout' | 'stderr';
export const STREAMS: readonly Stream[] = ['stdout', 'stderr'];

export interface LogQuery {
  readonly instances: readonly InstanceId[];
  /** Default: both. */
  readonly stream?: Stream;
  /** Wall clock, ms; as exact as the index, which has the time of each chunk. */
  readonly sinceMs?: number;
  readonly untilMs?: number;
  /** The last so many lines: 1 … 10,000. */
  readonly limit: number;
  /** Regular expression, for the first 4,096 bytes of a line. */
  readonly pattern?: string;
  /** Of lines that are JSON with `level`: this one and above. */
  readonly level?: string;
  /** What is shown of a line, which is all that `pattern` looks at. Default: the line. */
  readonly shown?: (line: Uint8Array) => Uint8Array;
}

export interface LogLine {
  readonly instance: InstanceId;
  readonly stream: Stream;
  /** When its beginning was read, ms. */
  readonly at: number;
  /** Without the line end; bytes as they are, and cut at 1 MiB. */
  readonly bytes: Uint8Array;
  /** Whether a line of this stream goes on in the next one. */
  readonly isCut: boolean;
}

/**
 * What workers have written, and write.
 *
 * In `mode: daemon` nothing is lost while the daemon runs: a worker that is faster than the disk waits. A kill of the
 * daemon loses what it had read and not yet written, at most 64 KiB a stream; a disk that is full or read-only loses what
 * is written meanwhile, since a worker is never held up by it, and a line `[roundhouse] N bytes dropped: …` says so in
 * its place, as it does above a rate limit. In `mode: file` there is no index: all lines of a file have the time of its
 * last change, and nothing is rotated.
 */
export interface Logs {
  /** Has the output of an instance kept so, from now on. Raises WORKER_LOG_DIRECTORY, WORKER_RUN_DIRECTORY. */
  configure(instance: InstanceId, spec: LogSpec): Promise<void>;
  /** Where `mode: file` writes to. */
  filesOf(instance: InstanceId): { readonly stdout: string; readonly stderr: string };
  /** The last lines that fit (32 MiB), oldest first; several instances merged by time. Raises WORKER_LOG_DIRECTORY. */
  read(query: LogQuery, scope: Scope): Promise<readonly LogLine[]>;
  /**
   * Lines that end from now on, or from `sinceMs`; ends with the scope. A slow reader holds nobody up: it reads files, and
   * goes on with the oldest that is left when one was removed before it came to it. Raises WORKER_LOG_DIRECTORY.
   */
  follow(query: Omit<LogQuery, 'limit' | 'untilMs'>, scope: Scope): AsyncIterable<LogLine>;
  /** Bytes that are kept, rotated files included. */
  size(instance: InstanceId): Promise<number>;
  /** Its output is kept no longer; what has been kept stays. Raises WORKER_RUN_DIRECTORY. */
  release(instance: InstanceId): Promise<void>;
}
