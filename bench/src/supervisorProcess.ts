import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { WorkerInput } from '@roundhouse/api';
import { createScope, silentLogger, systemClock } from '@roundhouse/core';
import { createSupervisor, resolveWorker } from '@roundhouse/workers';

/**
 * The supervisor as a process: `supervisorProcess.ts HOME FILE`, where FILE has a list of workers as JSON. At SIGTERM it
 * stops them and ends.
 */
const [home, file] = process.argv.slice(2) as [string, string];
const scope = createScope({ clock: systemClock });
const supervisor = createSupervisor(
  {
    directory: join(home, 'run'),
    logDirectory: join(home, 'logs'),
    dataDirectory: join(home, 'workers'),
    cores: availableParallelism(),
  },
  {
    clock: systemClock,
    log: silentLogger,
    random: Math.random,
    environment: process.env,
    secrets: () => Promise.reject(new Error('There are no secrets here')),
    endpointProbe: () => undefined,
    urlProbe: { kind: 'url', check: () => Promise.reject(new Error('no URLs')) },
  },
);
await supervisor.open(scope);
const inputs = JSON.parse(await readFile(file, 'utf8')) as readonly WorkerInput[];
await Promise.all(inputs.map((input) => supervisor.set(resolveWorker(input))));
process.once('SIGTERM', () => void supervisor.close('stop', scope).then(() => process.exit()));
await supervisor.begin();
