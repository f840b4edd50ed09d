import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The process that has a data directory: it says so in the lock of its workers, and empties that when it goes. */
export async function runningHere(home: string): Promise<number | undefined> {
  const pid = Number.parseInt(await readFile(join(home, 'run', 'lock'), 'latin1').catch(() => ''), 10);
  if (Number.isNaN(pid) || pid === process.pid) return undefined;
  try {
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    // One of another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? pid : undefined;
  }
}
