import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConfigurationFile, WorkerInput } from '@roundhouse/api';
import { NODE_ARGUMENTS, scriptPath } from './script.ts';
import type { WorkerManager, WorkerProgram } from './workerManager.ts';

const CLI = fileURLToPath(new URL('../../apps/cli/bin/roundhouse.js', import.meta.url));

const configuration = (directory: string): string => join(directory, 'workers.json');
const homeOf = (directory: string): string => join(directory, 'home');

/** `roundhouse up`: the whole server, with API, store, log file and all. */
export const ROUNDHOUSE_UP: WorkerManager = {
  name: 'roundhouse up',
  async configure(directory, workers) {
    const file: ConfigurationFile = {
      server: { port: 0 },
      log: { level: 'info', file: { path: join(directory, 'roundhouse.log') } },
      shutdown: { workers: 'stop' },
      workers: workers.map(inputOf),
    };
    // JSON is YAML.
    await writeFile(configuration(directory), JSON.stringify(file));
  },
  start: (directory) => ({
    command: process.execPath,
    args: [...NODE_ARGUMENTS, CLI, 'up', '--config', configuration(directory)],
    environment: { ROUNDHOUSE_HOME: homeOf(directory) },
  }),
  stop: undefined,
  pidFile: undefined,
  outputOf: (directory, worker) => join(homeOf(directory), 'logs', 'workers', worker, '0', 'stdout.log'),
};

/** The supervisor in a small process of its own, without a server around it. */
export const SUPERVISOR_ALONE: WorkerManager = {
  name: 'supervisor alone',
  async configure(directory, workers) {
    await writeFile(configuration(directory), JSON.stringify(workers.map(inputOf)));
  },
  start: (directory) => ({
    command: process.execPath,
    args: [...NODE_ARGUMENTS, scriptPath('supervisorProcess'), homeOf(directory), configuration(directory)],
  }),
  stop: undefined,
  pidFile: undefined,
  outputOf: (directory, worker) => join(homeOf(directory), 'logs', worker, '0', 'stdout.log'),
};

function inputOf({ id, command }: WorkerProgram): WorkerInput {
  return { id, command: [...command], logs: { max_size: '1GB' } };
}
