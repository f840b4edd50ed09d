import {
  closeSync,
  fstatSync,
  fsync,
  futimesSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@roundhouse/core';
import type { Stream } from '../contract.ts';
import { type SealedFile, sealedFiles, sealedName, UNFINISHED_SUFFIX } from '../layout.ts';

/** After each block as much time is left to the output of workers, times this: at most a fifth of one processor. */
const REST_FACTOR = 4;
const MIN_REST_MS = 1;
/** Blocks whose buffers may wait for being collected: 2 MiB. */
const COLLECT_BLOCKS = 16;

export interface CompressorDependencies {
  readonly clock: Clock;
  readonly onFault: (directory: string, fault: unknown) => void;
  /** Frees buffers that are not used any more: memory outside of the heap alone does not make the engine do it in time. */
  readonly collect: () => void;
}

/**
 * Compresses segments that are done, one block after the other, and never two at a time. The compressed file takes its
 * name when all of it is on the disk; the plain one goes after that.
 */
export class Compressor {
  readonly #deps: CompressorDependencies;
  readonly #waiting = new Map<string, { readonly directory: string; readonly stream: Stream }>();
  #isRunning = false;

  constructor(deps: CompressorDependencies) {
    this.#deps = deps;
  }

  /** Has all segments of the stream compressed that are not yet. */
  add(directory: string, stream: Stream): void {
    this.#waiting.set(`${directory}/${stream}`, { directory, stream });
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let next = this.#waiting.entries().next(); !next.done; next = this.#waiting.entries().next()) {
      const [key, { directory, stream }] = next.value;
      this.#waiting.delete(key);
      try {
        // The latest first: where there are many, the oldest are about to go.
        const file = sealedFiles(readdirSync(directory), stream, 'plain').at(-1);
        if (file === undefined) continue;
        await this.#compress(directory, file);
        this.#waiting.set(key, { directory, stream });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#deps.onFault(directory, error);
      }
    }
    this.#isRunning = false;
  }

  async #compress(directory: string, file: SealedFile): Promise<void> {
    // zlib only comes into memory where something is compressed.
    const { BLOCK_BYTES, BlockCompressor, END_BLOCK } = await import('../blockedGzip.ts');
    using compressor = new BlockCompressor();
    const plainPath = join(directory, sealedName(file));
    const path = join(directory, sealedName({ ...file, kind: 'compressed' }));
    const draft = path + UNFINISHED_SUFFIX;
    const source = openSync(plainPath, 'r');
    try {
      const target = openSync(draft, 'w', 0o600);
      try {
        const block = Buffer.allocUnsafe(BLOCK_BYTES);
        for (
          let length = readFull(source, block), count = 1;
          length > 0;
          length = readFull(source, block), count += 1
        ) {
          const startedAt = this.#deps.clock.monotonic();
          writeFull(target, await compressor.compress(block.subarray(0, length)));
          if (count % COLLECT_BLOCKS === 0) this.#deps.collect();
          await this.#rest(this.#deps.clock.monotonic() - startedAt);
          // Too many or too old meanwhile.
          if (fstatSync(source).nlink === 0) return;
        }
        writeFull(target, END_BLOCK);
        const { atimeMs, mtimeMs } = fstatSync(source);
        futimesSync(target, atimeMs / 1_000, mtimeMs / 1_000);
        await synchronise(target);
      } finally {
        closeSync(target);
      }
      if (fstatSync(source).nlink === 0) return;
      renameSync(draft, path);
      rmSync(plainPath, { force: true });
    } finally {
      closeSync(source);
      rmSync(draft, { force: true });
    }
  }

  #rest(workedMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#deps.clock.setTimer(Math.max(MIN_REST_MS, workedMs * REST_FACTOR), resolve);
    });
  }
}

function readFull(file: number, block: Buffer): number {
  let length = 0;
  while (length < block.byteLength) {
    const count = readSync(file, block, length, block.byteLength - length, null);
    if (count === 0) break;
    length += count;
  }
  return length;
}

function writeFull(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.byteLength; ) at += writeSync(file, bytes, at, bytes.byteLength - at);
}

function synchronise(file: number): Promise<void> {
  return new Promise((resolve, reject) => fsync(file, (error) => (error === null ? resolve() : reject(error))));
}
