import { writeSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '@roundhouse/core';
import { Archive, type ArchiveOptions } from './archive.ts';
import { logError } from './errors.ts';
import type { LineOutput } from './lineWriter.ts';

export interface RotationOptions extends ArchiveOptions {
  /** Bytes at which a file is rotated. Default 64 MiB. */
  readonly maxBytes?: number;
  /** Age at which the next line goes into a new file, ms. Default 24 h. */
  readonly maxAgeMs?: number;
}

interface RotatingFileDependencies {
  readonly clock: Clock;
  readonly onTrouble: (message: string) => void;
}

const MAX_BYTES = 67_108_864;
const MAX_AGE_MS = 86_400_000;
/** Pause after a rotation that failed, ms. */
const RETRY_MS = 60_000;
const LINE_FEED = 0x0a;
const MODE = 0o600;

/** A log file that makes room for itself: by size, by age, and between two lines only. */
export class RotatingFile implements LineOutput {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #maxAgeMs: number;
  readonly #deps: RotatingFileDependencies;
  readonly #archive: Archive;
  #handle: FileHandle;
  #bytes = 0;
  /** ms since 1970. */
  #bornAt = 0;
  #isAtLineStart = true;
  #isReopenWanted = false;
  /** Monotonic ms. */
  #notBefore = -Infinity;

  private constructor(path: string, handle: FileHandle, options: RotationOptions, deps: RotatingFileDependencies) {
    this.#path = path;
    this.#handle = handle;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
    this.#maxAgeMs = options.maxAgeMs ?? MAX_AGE_MS;
    this.#deps = deps;
    this.#archive = new Archive(path, options, deps.onTrouble);
  }

  /** Goes on behind what the file has; makes its directory. Raises LOG_FILE_UNUSABLE. */
  static async open(path: string, options: RotationOptions, deps: RotatingFileDependencies): Promise<RotatingFile> {
    let handle: FileHandle | undefined;
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      handle = await open(path, 'a+', MODE);
      const file = new RotatingFile(path, handle, options, deps);
      await file.#begin();
      void file.#archive.tidy();
      return file;
    } catch (cause) {
      await handle?.close();
      throw logError('LOG_FILE_UNUSABLE', { details: { path, reason: (cause as Error).message }, cause });
    }
  }

  /** Rotates or reopens where that is due and no line is cut by it. */
  async prepare(bytes: number): Promise<void> {
    if (!this.#isAtLineStart) return;
    if (this.#isReopenWanted) await this.#open();
    else if (this.#isDue(bytes)) await this.#rotate();
  }

  async write(chunk: Buffer): Promise<number> {
    const { bytesWritten } = await this.#handle.write(chunk);
    this.#wrote(chunk, bytesWritten);
    return bytesWritten;
  }

  writeSync(chunk: Buffer): number {
    const bytesWritten = writeSync(this.#handle.fd, chunk);
    this.#wrote(chunk, bytesWritten);
    return bytesWritten;
  }

  reopen(): void {
    this.#isReopenWanted = true;
  }

  async close(): Promise<void> {
    await this.#archive.close();
    await this.#handle.sync().catch(() => {});
    await this.#handle.close();
  }

  #isDue(bytes: number): boolean {
    if (this.#bytes === 0 || this.#deps.clock.monotonic() < this.#notBefore) return false;
    return this.#bytes + bytes > this.#maxBytes || this.#deps.clock.now() - this.#bornAt >= this.#maxAgeMs;
  }

  /** A file that cannot be rotated goes on growing: a line in the wrong file is better than none. */
  async #rotate(): Promise<void> {
    try {
      await rename(this.#path, await this.#archive.pathFor(this.#deps.clock.now()));
    } catch (error) {
      // Someone has moved it: a new one is due all the same.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#notBefore = this.#deps.clock.monotonic() + RETRY_MS;
        this.#deps.onTrouble(`the log cannot be rotated: ${(error as Error).message}`);
        return;
      }
    }
    await this.#open();
    void this.#archive.tidy();
  }

  async #open(): Promise<void> {
    const before = this.#handle;
    this.#handle = await open(this.#path, 'a+', MODE);
    this.#isReopenWanted = false;
    await this.#begin();
    await before.close();
  }

  /** Takes over what the file has; ends a line that a crash has cut. */
  async #begin(): Promise<void> {
    const { size, birthtimeMs } = await this.#handle.stat();
    this.#bytes = size;
    this.#bornAt = size === 0 ? this.#deps.clock.now() : birthtimeMs;
    this.#isAtLineStart = true;
    if (size === 0) return;
    const { buffer } = await this.#handle.read(Buffer.alloc(1), 0, 1, size - 1);
    if (buffer[0] !== LINE_FEED) this.#bytes += (await this.#handle.write('\n')).bytesWritten;
  }

  #wrote(chunk: Buffer, bytes: number): void {
    this.#bytes += bytes;
    if (bytes > 0) this.#isAtLineStart = chunk[bytes - 1] === LINE_FEED;
  }
}
