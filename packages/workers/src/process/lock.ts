import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { type FileHandle, open, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { workerError } from '../errors.ts';
import type { ProcessIdentity } from './contract.ts';

/** The right to supervise a run directory. */
export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes `run/lock` for as long as this process lives: flock(2), so that the kernel decides between two who try at once,
 * and takes it from whoever dies. Its text says who has it. Raises SUPERVISOR_RUNNING, and Node's errors.
 */
export async function takeLock(directory: string, self: ProcessIdentity): Promise<Lock> {
  const path = join(directory, 'lock');
  // Not open for writing: the file system can still be remounted read-only.
  const file = await open(path, constants.O_RDONLY | constants.O_CREAT, 0o600);
  try {
    if (!(await lockFile(file))) {
      const [pid] = (await readFile(path, 'latin1')).split(' ');
      throw workerError('SUPERVISOR_RUNNING', { details: { pid: Number(pid), directory } });
    }
    await writeFile(path, `${self.pid} ${self.startTime} ${self.bootId}\n`);
  } catch (error) {
    await file.close();
    throw error;
  }
  let isHeld = true;
  return {
    async release() {
      if (!isHeld) return;
      isHeld = false;
      // Never removed: who has opened it meanwhile would lock a file that nobody finds.
      await truncate(path).catch(() => {});
      await file.close();
    },
  };
}

/** flock(1) locks the open file that it inherits, which goes on being ours. False when another has it. */
function lockFile(file: FileHandle): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn('flock', ['--nonblock', '3'], { stdio: ['ignore', 'ignore', 'ignore', file.fd] });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0 || code === 1) resolve(code === 0);
      else reject(new Error(`flock: status ${code}`));
    });
  });
}
