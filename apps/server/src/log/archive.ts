import { createReadStream, createWriteStream } from 'node:fs';
import { access, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, createZstdCompress } from 'node:zlib';

type Compression = 'gzip' | 'zstd' | 'none';

export interface ArchiveOptions {
  /** Of the files that were rotated away. Default gzip. */
  readonly compression?: Compression;
  /** Rotated files that are kept. Default 14. */
  readonly maxFiles?: number;
  /** Bytes of all rotated files; the oldest go first. Default 1 GiB. */
  readonly maxTotalBytes?: number;
}

const SUFFIXES: Readonly<Record<Compression, string>> = { gzip: '.gz', zstd: '.zst', none: '' };
/** Of a compressed file that is not yet whole. */
const PARTIAL = '.partial';

interface RotatedFile {
  readonly name: string;
  /** When it was rotated, and a number for those of the same moment. */
  readonly stamp: string;
  readonly number: number;
  readonly isCompressed: boolean;
}

/**
 * The files that a log was rotated into: `server.log` becomes `server.2026-01-01T00-00-00-000Z.log`, then `….log.gz`. The
 * names alone say how far each one is, so that whoever is killed in between leaves nothing that the next one cannot finish.
 */
export class Archive {
  readonly #directory: string;
  readonly #stem: string;
  readonly #extension: string;
  readonly #compression: Compression;
  readonly #maxFiles: number;
  readonly #maxTotalBytes: number;
  readonly #onTrouble: (message: string) => void;
  readonly #abort = new AbortController();
  #tidying: Promise<void> | undefined;
  #isWantedAgain = false;

  constructor(path: string, options: ArchiveOptions, onTrouble: (message: string) => void) {
    this.#directory = dirname(path);
    this.#extension = extname(path);
    this.#stem = basename(path, this.#extension);
    this.#compression = options.compression ?? 'gzip';
    this.#maxFiles = options.maxFiles ?? 14;
    this.#maxTotalBytes = options.maxTotalBytes ?? 1_073_741_824;
    this.#onTrouble = onTrouble;
  }

  /** A path for a file that is rotated now (ms since 1970) and that none has. */
  async pathFor(now: number): Promise<string> {
    const stamp = new Date(now).toISOString().replaceAll(/[:.]/g, '-');
    for (let number = 0; ; number++) {
      const name = `${this.#stem}.${stamp}${number === 0 ? '' : `.${number}`}${this.#extension}`;
      const path = join(this.#directory, name);
      const taken = await Promise.all(Object.values(SUFFIXES).map((suffix) => exists(path + suffix)));
      if (!taken.includes(true)) return path;
    }
  }

  /** Removes what is half done, compresses what is not yet, and drops the oldest. One at a time; never rejects. */
  tidy(): Promise<void> {
    if (this.#tidying !== undefined) {
      this.#isWantedAgain = true;
      return this.#tidying;
    }
    this.#tidying = this.#tidyUntilDone().finally(() => {
      this.#tidying = undefined;
    });
    return this.#tidying;
  }

  /** Leaves compressing to the next one. Idempotent. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#tidying;
  }

  async #tidyUntilDone(): Promise<void> {
    do {
      this.#isWantedAgain = false;
      try {
        await this.#tidyOnce();
      } catch (error) {
        if (!this.#abort.signal.aborted) this.#onTrouble(`rotated logs cannot be tidied: ${(error as Error).message}`);
      }
    } while (this.#isWantedAgain && !this.#abort.signal.aborted);
  }

  async #tidyOnce(): Promise<void> {
    const names = await readdir(this.#directory);
    for (const name of names) {
      if (name.endsWith(PARTIAL) && this.#parse(name.slice(0, -PARTIAL.length)) !== undefined) await this.#remove(name);
    }
    // Dropped first: what goes anyway need not be compressed.
    await this.#drop();
    for (const file of await this.#list()) {
      if (this.#abort.signal.aborted) return;
      if (!file.isCompressed && this.#compression !== 'none') await this.#compress(file);
    }
    await this.#drop();
  }

  /** Oldest first. */
  async #list(): Promise<readonly RotatedFile[]> {
    const files = (await readdir(this.#directory)).flatMap((name) => this.#parse(name) ?? []);
    return files.toSorted((a, b) => (a.stamp === b.stamp ? a.number - b.number : a.stamp < b.stamp ? -1 : 1));
  }

  #parse(name: string): RotatedFile | undefined {
    const suffix = Object.values(SUFFIXES).find((each) => each !== '' && name.endsWith(each)) ?? '';
    const plain = name.slice(0, name.length - suffix.length);
    if (!plain.startsWith(`${this.#stem}.`) || !plain.endsWith(this.#extension)) return undefined;
    const middle = plain.slice(this.#stem.length + 1, plain.length - this.#extension.length);
    const match = /^(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z)(?:\.(\d{1,6}))?$/.exec(middle);
    if (match === null) return undefined;
    return { name, stamp: match[1] as string, number: Number(match[2] ?? 0), isCompressed: suffix !== '' };
  }

  async #compress({ name }: RotatedFile): Promise<void> {
    const path = join(this.#directory, name);
    const whole = path + SUFFIXES[this.#compression];
    const partial = whole + PARTIAL;
    const compressor: Transform = this.#compression === 'zstd' ? createZstdCompress() : createGzip();
    const { signal } = this.#abort;
    // `flush`: on the disk before it takes the place of the original.
    await pipeline(createReadStream(path), compressor, createWriteStream(partial, { mode: 0o600, flush: true }), {
      signal,
    });
    // Whoever is killed here leaves both; it is compressed once more into the same place.
    await rename(partial, whole);
    await rm(path, { force: true });
  }

  async #drop(): Promise<void> {
    const files = await this.#list();
    const sizes = await Promise.all(
      files.map(({ name }) =>
        stat(join(this.#directory, name)).then(
          (s) => s.size,
          () => 0,
        ),
      ),
    );
    let total = sizes.reduce((sum, size) => sum + size, 0);
    let count = files.length;
    for (const [index, { name }] of files.entries()) {
      if (count <= this.#maxFiles && total <= this.#maxTotalBytes) return;
      await this.#remove(name);
      total -= sizes[index] as number;
      count--;
    }
  }

  #remove(name: string): Promise<void> {
    return rm(join(this.#directory, name), { force: true });
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
