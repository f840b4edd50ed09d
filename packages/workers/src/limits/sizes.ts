import type { LimitsSpec } from '../spec/spec.ts';
import type { LimiterSources } from './contract.ts';

/** What waits for a disk. Null: not known. */
export interface DiskUse {
  readonly temporaryBytes: number | null;
  readonly logBytes: number | null;
}

/** Sizes up what an instance has on disk, on the side: whoever asks gets what was found last. */
export class Sizes {
  readonly #sources: LimiterSources;
  readonly #directoryBytes: (directory: string) => Promise<number | null>;
  #latest: DiskUse = { temporaryBytes: null, logBytes: null };
  #isReading = false;

  constructor(sources: LimiterSources, directoryBytes: (directory: string) => Promise<number | null>) {
    this.#sources = sources;
    this.#directoryBytes = directoryBytes;
  }

  get latest(): DiskUse {
    return this.#latest;
  }

  /** Never raises. */
  async read(): Promise<DiskUse> {
    const { temporaryDirectory, logBytes } = this.#sources;
    const temporary = temporaryDirectory === undefined ? null : this.#directoryBytes(temporaryDirectory);
    const [temporaryBytes, logs] = await Promise.all([orNull(temporary), orNull(logBytes())]);
    return { temporaryBytes, logBytes: logs };
  }

  /** Reads anew where a limit needs it; one reading at a time, however long it takes. */
  refresh(limits: LimitsSpec): void {
    if (this.#isReading || !('storage.max_temporary' in limits || 'storage.max_logs' in limits)) return;
    this.#isReading = true;
    void this.read().then((found) => {
      this.#latest = found;
      this.#isReading = false;
    });
  }
}

async function orNull(work: Promise<number | null> | null): Promise<number | null> {
  try {
    return await work;
  } catch {
    return null;
  }
}
