import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const CLAIM = /^claim\.(\d{1,15})$/;

/**
 * Makes this process the one log daemon of the directory, and writes who it is to `pid`; false when another one is, or the
 * run directory that it is in has been removed. A
 * claim is a file whose number only one process can take, and the highest one is in force while its process lives.
 */
export function claim(directory: string, pid: number): boolean {
  if (!isPlaced(directory)) return false;
  const identity = identityOf(pid);
  if (identity === undefined) throw new Error('A process cannot read its own /proc entry');
  const draft = join(directory, `claim-${pid}.tmp`);
  writeFileSync(draft, identity, { mode: 0o600 });
  try {
    for (;;) {
      const numbers = claims(directory);
      const latest = numbers.at(-1);
      if (latest !== undefined && isAlive(join(directory, `claim.${latest}`))) return false;
      const own = (latest ?? 0) + 1;
      if (!link(draft, join(directory, `claim.${own}`))) continue;
      if (claims(directory).at(-1) !== own) {
        // Made from a list that had grown old: a later claim stands.
        rmSync(join(directory, `claim.${own}`), { force: true });
        continue;
      }
      for (const number of numbers) rmSync(join(directory, `claim.${number}`), { force: true });
      renameSync(draft, join(directory, 'pid'));
      return true;
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Makes the directory, and none above it: a run directory that has gone is not to be there again. */
function isPlaced(directory: string): boolean {
  try {
    mkdirSync(directory, { mode: 0o700 });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST' && code !== 'ENOENT') throw error;
    return code === 'EEXIST';
  }
}

function claims(directory: string): number[] {
  return readdirSync(directory)
    .map((name) => Number(CLAIM.exec(name)?.[1] ?? Number.NaN))
    .filter((number) => !Number.isNaN(number))
    .toSorted((a, b) => a - b);
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function isAlive(path: string): boolean {
  const identity = readIfThere(path)?.trim();
  if (identity === undefined) return false;
  return identityOf(Number(identity.split(' ')[0])) === identity;
}

/** `pid starttime bootid`, where the process lives. */
function identityOf(pid: number): string | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  const bootId = readIfThere('/proc/sys/kernel/random/boot_id')?.trim();
  // From field 3 on; a name may hold anything, brackets too: proc(5).
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  const [state] = fields;
  const startTime = fields[19];
  if (bootId === undefined || startTime === undefined || state === 'Z' || state === 'X') return undefined;
  return `${pid} ${startTime} ${bootId}`;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
