import { constants } from 'node:fs';
import { access, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RoundhouseError, type Scope } from '@roundhouse/core';
import { workerError } from '../errors.ts';
import type { InstanceId } from '../instance/id.ts';
import { replaceFile } from '../replaceFile.ts';
import type { LogSpec } from '../spec/spec.ts';
import { type LogLine, type LogQuery, type Logs, STREAMS, type Stream } from './contract.ts';
import { DirectoryWatches } from './directoryWatches.ts';
import { followAll, type Followed } from './follow.ts';
import { keepingDirectory, keepingName, keepingOf } from './keeping.ts';
import { currentName, instanceDirectory } from './layout.ts';
import { lineFilter } from './lineFilter.ts';
import { latest } from './merge.ts';
import { StreamFiles } from './streamFiles.ts';
import { StreamFollower } from './streamFollower.ts';
import { linesBackward, type TimedLine } from './tail.ts';

const MAX_LINES = 10_000;
/** Of one answer of `read`: more lines than fit are left out. */
const MAX_ANSWER_BYTES = 33_554_432;

export interface LogsOptions {
  readonly runDirectory: string;
  /** Where the output of workers is kept. */
  readonly directory: string;
}

export function createLogs(options: LogsOptions): Logs {
  return new KeptLogs(options);
}

class KeptLogs implements Logs {
  readonly #options: LogsOptions;
  readonly #watches = new DirectoryWatches();

  constructor(options: LogsOptions) {
    this.#options = options;
  }

  async configure(instance: InstanceId, spec: LogSpec): Promise<void> {
    const directory = this.#directoryOf(instance);
    await this.#inLogDirectory(async () => {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await access(directory, constants.W_OK | constants.X_OK);
    });
    const { runDirectory } = this.#options;
    const path = join(keepingDirectory(runDirectory), keepingName(instance));
    try {
      await replaceFile(path, JSON.stringify(keepingOf(runDirectory, instance, spec)));
    } catch (error) {
      const details = { directory: runDirectory, reason: reasonOf(error) };
      throw workerError('WORKER_RUN_DIRECTORY', { details, cause: error });
    }
  }

  filesOf(instance: InstanceId): { readonly stdout: string; readonly stderr: string } {
    const directory = this.#directoryOf(instance);
    return { stdout: join(directory, currentName('stdout')), stderr: join(directory, currentName('stderr')) };
  }

  read(query: LogQuery, scope: Scope): Promise<readonly LogLine[]> {
    return this.#inLogDirectory(async () => {
      const filter = lineFilter(query);
      const limit = Math.min(Math.max(Math.trunc(query.limit), 1), MAX_LINES);
      const opened: StreamFiles[] = [];
      try {
        const rows = streamsOf(query).map(({ instance, stream }) => {
          const files = new StreamFiles(this.#directoryOf(instance), stream);
          opened.push(files);
          const range = { sinceMs: query.sinceMs, untilMs: query.untilMs };
          return named(instance, stream, linesBackward(files, range, filter, scope), query.shown);
        });
        return await latest(rows, limit, MAX_ANSWER_BYTES);
      } finally {
        for (const files of opened) files[Symbol.dispose]();
      }
    });
  }

  follow(query: Omit<LogQuery, 'limit' | 'untilMs'>, scope: Scope): AsyncIterable<LogLine> {
    const filter = lineFilter(query);
    const { sinceMs = -Infinity } = query;
    const followed = this.#open(query, query.sinceMs);
    // Nobody may ever ask for the first line.
    const leave = scope.onEnd(() => {
      for (const { follower } of followed) follower[Symbol.dispose]();
    });
    return this.#following(followed, (line) => line.at >= sinceMs && filter(line.bytes), leave, query.shown, scope);
  }

  size(instance: InstanceId): Promise<number> {
    return this.#inLogDirectory(async () => {
      const directory = this.#directoryOf(instance);
      const names = await unlessAbsent(readdir(directory));
      const sizes = await Promise.all((names ?? []).map((name) => unlessAbsent(stat(join(directory, name)))));
      return sizes.reduce((sum, each) => sum + (each?.size ?? 0), 0);
    });
  }

  async release(instance: InstanceId): Promise<void> {
    const path = join(keepingDirectory(this.#options.runDirectory), keepingName(instance));
    try {
      await rm(path, { force: true });
    } catch (error) {
      const details = { directory: this.#options.runDirectory, reason: reasonOf(error) };
      throw workerError('WORKER_RUN_DIRECTORY', { details, cause: error });
    }
  }

  async *#following(
    followed: readonly Followed[],
    accepts: (line: TimedLine) => boolean,
    leave: () => void,
    shown: LogQuery['shown'],
    scope: Scope,
  ): AsyncGenerator<LogLine> {
    leave();
    try {
      const lines = followAll(followed, accepts, this.#watches, scope);
      if (shown === undefined) yield* lines;
      else for await (const line of lines) yield { ...line, bytes: shown(line.bytes) };
    } catch (error) {
      throw this.#directoryError(error);
    }
  }

  #open(query: Pick<LogQuery, 'instances' | 'stream'>, sinceMs: number | undefined): Followed[] {
    const followed: Followed[] = [];
    try {
      for (const { instance, stream } of streamsOf(query)) {
        const directory = this.#directoryOf(instance);
        const files = new StreamFiles(directory, stream);
        const position = sinceMs === undefined ? files.end : files.firstSince(sinceMs);
        followed.push({ instance, stream, directory, follower: new StreamFollower(files, position) });
      }
      return followed;
    } catch (error) {
      for (const { follower } of followed) follower[Symbol.dispose]();
      throw this.#directoryError(error);
    }
  }

  #directoryOf(instance: InstanceId): string {
    return instanceDirectory(this.#options.directory, instance);
  }

  async #inLogDirectory<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw this.#directoryError(error);
    }
  }

  #directoryError(error: unknown): unknown {
    // The end of a scope comes as it is.
    if (error instanceof RoundhouseError || !(error instanceof Error)) return error;
    const details = { directory: this.#options.directory, reason: reasonOf(error) };
    return workerError('WORKER_LOG_DIRECTORY', { details, cause: error });
  }
}

function streamsOf({ instances, stream }: Pick<LogQuery, 'instances' | 'stream'>): readonly {
  readonly instance: InstanceId;
  readonly stream: Stream;
}[] {
  const streams = stream === undefined ? STREAMS : [stream];
  return instances.flatMap((instance) => streams.map((each) => ({ instance, stream: each })));
}

async function* named(
  instance: InstanceId,
  stream: Stream,
  lines: ReturnType<typeof linesBackward>,
  shown: LogQuery['shown'],
): AsyncGenerator<LogLine> {
  for await (const { at, bytes, isCut } of lines) {
    yield { instance, stream, at, bytes: shown?.(bytes) ?? bytes, isCut };
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function unlessAbsent<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
