import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AppendFile, JournalFiles, JournalLock, ReadFile } from './files.ts';

/** For the owner alone: records are about others. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** The disk. */
export const nodeFiles: JournalFiles = {
  async makeDirectory(path) {
    await mkdir(path, { recursive: true, mode: DIRECTORY_MODE });
  },
  list: (directory) => readdir(directory),
  async read(path) {
    try {
      return await readFile(path);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  },
  open: async (path) => readFileOf(await open(path, constants.O_RDONLY)),
  async append(path, existing) {
    const { O_WRONLY, O_APPEND, O_CREAT, O_EXCL } = constants;
    const flags = O_WRONLY | O_APPEND | O_CREAT | (existing === 'new' ? O_EXCL : 0);
    return appendFileOf(await open(path, flags, FILE_MODE));
  },
  truncate: (path, length) => durably(path, (file) => file.truncate(length)),
  overwrite: (path, bytes) =>
    durably(path, async (file) => {
      await writeAll(file, bytes, 0);
    }),
  remove: (path) => rm(path, { force: true }),
  async syncDirectory(path) {
    await using directory = await open(path, constants.O_RDONLY);
    await directory.sync();
  },
  device: async (path) => (await stat(path)).dev,
  lock: takeLock,
};

async function durably(path: string, change: (file: FileHandle) => Promise<void>): Promise<void> {
  await using file = await open(path, constants.O_RDWR);
  await change(file);
  await file.sync();
}

/** `position` null: at the end, as O_APPEND has it. */
async function writeAll(file: FileHandle, bytes: Uint8Array, position: number | null): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const at = position === null ? null : position + done;
    done += (await file.write(bytes, done, bytes.length - done, at)).bytesWritten;
  }
}

function appendFileOf(file: FileHandle): AppendFile {
  const close = closeOnce(file);
  return { write: (bytes) => writeAll(file, bytes, null), sync: () => file.datasync(), close };
}

function readFileOf(file: FileHandle): ReadFile {
  return {
    async read(position, length) {
      const bytes = Buffer.allocUnsafe(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await file.read(bytes, done, length - done, position + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return bytes.subarray(0, done);
    },
    size: async () => (await file.stat()).size,
    close: closeOnce(file),
  };
}

function closeOnce(file: FileHandle): () => Promise<void> {
  let closing: Promise<void> | undefined;
  return () => (closing ??= file.close());
}

/** flock(2) by flock(1): the kernel decides between two, and takes it from whoever dies. The text says who has it. */
async function takeLock(directory: string): Promise<JournalLock | { holder: number }> {
  const path = join(directory, 'lock');
  const file = await open(path, constants.O_RDONLY | constants.O_CREAT, FILE_MODE);
  try {
    if (!(await flock(file))) {
      const holder = Number.parseInt(await readFile(path, 'latin1'), 10);
      await file.close();
      return { holder: Number.isNaN(holder) ? 0 : holder };
    }
    await writeFile(path, `${process.pid}\n`);
  } catch (error) {
    await file.close();
    throw error;
  }
  // Never removed: who has opened it meanwhile would lock a file that nobody finds.
  return { release: closeOnce(file) };
}

/** flock(1) locks the open file that it inherits, which goes on being ours. False when another has it. */
function flock(file: FileHandle): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn('flock', ['--nonblock', '3'], { stdio: ['ignore', 'ignore', 'ignore', file.fd] });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0 || code === 1) resolve(code === 0);
      else reject(new Error(`flock: status ${code}`));
    });
  });
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
