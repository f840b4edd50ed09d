import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runDirectoryError } from '../process/runDirectoryError.ts';
import { replaceFile } from '../replaceFile.ts';

/** What is kept of a worker beside its instances. */
export interface WorkerSettings {
  /** Scaled to so many, in place of so many that were specified then. */
  readonly scaled: { readonly replicas: number; readonly inPlaceOf: number } | undefined;
  /** Times of its schedule up to this one are done, wall clock in ms. */
  readonly scheduledUntil: number | undefined;
}

const NONE: WorkerSettings = { scaled: undefined, scheduledUntil: undefined };

/** Settings of workers, a file each. */
export class SettingsFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** None where there are none that can be read. */
  async read(worker: string): Promise<WorkerSettings> {
    try {
      return { ...NONE, ...(JSON.parse(await readFile(this.#pathOf(worker), 'utf8')) as Partial<WorkerSettings>) };
    } catch {
      return NONE;
    }
  }

  /** Raises WORKER_RUN_DIRECTORY. One at a time for each worker. */
  async write(worker: string, settings: WorkerSettings): Promise<void> {
    try {
      await replaceFile(this.#pathOf(worker), JSON.stringify(settings));
    } catch (cause) {
      throw runDirectoryError(this.#directory, cause);
    }
  }

  async remove(worker: string): Promise<void> {
    await rm(this.#pathOf(worker), { force: true });
  }

  #pathOf(worker: string): string {
    return join(this.#directory, `${worker}.json`);
  }
}
