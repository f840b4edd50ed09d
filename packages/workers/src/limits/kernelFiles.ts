import { closeSync, openSync, readdirSync, readlinkSync, readSync, statSync } from 'node:fs';
import { mkdir, rmdir, writeFile } from 'node:fs/promises';

/**
 * Files that the kernel makes up: `/proc` and control groups. All of it raises Node's error with its `code`. Reads are
 * synchronous, because they answer in microseconds and never wait for a disk; a write may wait for memory to be freed.
 */
export interface KernelFiles {
  read(path: string): string;
  list(path: string): readonly string[];
  /** Where a symbolic link leads. */
  readLink(path: string): string;
  /** Bytes that stat(2) tells, which for `/proc/PID/fd` of Linux 6.2 and later are the open descriptors. */
  size(path: string): number;
  /** `major:minor` of the device that holds the file. */
  device(path: string): string;
  write(path: string, text: string): Promise<void>;
  /** Fulfilled as well when it is there already. */
  makeDirectory(path: string): Promise<void>;
  removeDirectory(path: string): Promise<void>;
}

/** Most files are shorter, and are read in one piece. */
const piece = Buffer.allocUnsafe(16_384);

export const kernelFiles: KernelFiles = {
  // Half of what readFileSync takes, which matters for thousands of files at every tick.
  read(path) {
    const descriptor = openSync(path, 'r');
    try {
      let text = '';
      // A short read is not the end of these files: only an empty one is.
      for (let length = readSync(descriptor, piece); length > 0; length = readSync(descriptor, piece)) {
        text += piece.toString('latin1', 0, length);
      }
      return text;
    } finally {
      closeSync(descriptor);
    }
  },
  list: (path) => readdirSync(path),
  readLink: (path) => readlinkSync(path),
  size: (path) => statSync(path).size,
  device(path) {
    // As gnu_dev_makedev(3) packs them: 12 bits and 20 bits, in parts.
    const device = statSync(path, { bigint: true }).dev;
    const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
    const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
    return `${major}:${minor & 0xffffffffn}`;
  },
  // Without O_CREAT and O_TRUNC: a control file that is missing is not made, and one of a group cannot be.
  write: (path, text) => writeFile(path, text, { flag: 'r+' }),
  async makeDirectory(path) {
    try {
      await mkdir(path);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  },
  removeDirectory: (path) => rmdir(path),
};

/** `ENOENT`, and so on; undefined for what is no error of the system. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Undefined where the file is not there or may not be read, or its process has ended. */
export function readIfThere(files: KernelFiles, path: string): string | undefined {
  try {
    return files.read(path);
  } catch {
    return undefined;
  }
}
