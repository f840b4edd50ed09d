/** A program that a manager of workers is to keep running. */
export interface WorkerProgram {
  readonly id: string;
  readonly command: readonly [string, ...string[]];
}

export interface Invocation {
  readonly command: string;
  readonly args: readonly string[];
  /** Beside the environment of the bench. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A program that keeps workers running: ours, or a peer. All that it writes is below the directory of the run. */
export interface WorkerManager {
  readonly name: string;
  /** Writes what it reads when it starts; the directory is empty. Restarts at once, no rotation of what is written. */
  configure(directory: string, workers: readonly WorkerProgram[]): Promise<void>;
  /** Starts it with all of its workers, or again with what it finds. */
  start(directory: string): Invocation;
  /** Stops the workers, then the manager. Undefined: it does on SIGTERM. */
  readonly stop: ((directory: string) => Invocation) | undefined;
  /** Who it is when it has gone behind by itself. Undefined: the process that was started. */
  readonly pidFile: ((directory: string) => string) | undefined;
  /** Where what a worker writes to its standard output is kept. */
  outputOf(directory: string, worker: string): string;
}
