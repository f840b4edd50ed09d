import { execFile } from 'node:child_process';
import { access, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Invocation, WorkerManager } from './workerManager.ts';

const VERSION = '7.0.4';
/** Kept from run to run, outside of the project: it is measured, and never used. */
const CACHE = join(tmpdir(), `roundhouse-bench-pm2-${VERSION}`);
const PROGRAM = join(CACHE, 'node_modules', 'pm2', 'bin', 'pm2');

/** Has npm install pm2 where it is not there yet. Raises what npm says. */
export async function installPm2(): Promise<void> {
  if (await isThere(PROGRAM)) return;
  const fresh = await mkdtemp(`${CACHE}-`);
  try {
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
    await promisify(execFile)('npm', ['install', '--prefix', fresh, ...flags, `pm2@${VERSION}`]);
    await rm(CACHE, { recursive: true, force: true });
    await rename(fresh, CACHE);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

const homeOf = (directory: string): string => join(directory, 'pm2');
const configuration = (directory: string): string => join(directory, 'workers.json');
const outputOf = (directory: string, worker: string): string => join(directory, `${worker}.log`);
const pm2 = (directory: string, ...args: readonly string[]): Invocation => ({
  command: process.execPath,
  args: [PROGRAM, ...args],
  environment: { PM2_HOME: homeOf(directory) },
});

/** pm2 in fork mode, an application for each worker. */
export const PM2: WorkerManager = {
  name: 'pm2',
  async configure(directory, workers) {
    const apps = workers.map(({ id, command: [script, ...args] }) => ({
      name: id,
      script,
      args,
      interpreter: 'none',
      exec_mode: 'fork',
      out_file: outputOf(directory, id),
      error_file: join(directory, `${id}.errors.log`),
    }));
    await writeFile(configuration(directory), JSON.stringify({ apps }));
  },
  start: (directory) => pm2(directory, 'start', configuration(directory)),
  stop: (directory) => pm2(directory, 'kill'),
  pidFile: (directory) => join(homeOf(directory), 'pm2.pid'),
  outputOf,
};

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
