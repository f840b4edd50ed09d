import { createInterface } from 'node:readline';
import { readFile } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import type { WorkerInput } from '@roundhouse/api';
import { createScope, silentLogger, systemClock } from '@roundhouse/core';
import { resolveWorker } from '../spec/resolve.ts';
import { createSupervisor } from './create.ts';

/**
 * A master of its own process, for tests that kill it: `node master.fixture.ts HOME WORKERS_FILE`. Answers each line of its
 * input with a line of JSON: `status`, `stop` (all workers, then ends).
 */
const [, , home = '', file = ''] = process.argv;
const scope = createScope({ clock: systemClock });
const supervisor = createSupervisor(
  {
    directory: join(home, 'run'),
    logDirectory: join(home, 'logs'),
    dataDirectory: join(home, 'workers'),
    cores: 2,
  },
  {
    clock: systemClock,
    log: silentLogger,
    random: Math.random,
    environment: process.env,
    secrets: () => Promise.reject(new Error('no secrets')),
    endpointProbe: () => undefined,
    urlProbe: { kind: 'url', check: () => Promise.reject(new Error('no URLs')) },
  },
);
await supervisor.open(scope);
for (const input of JSON.parse(await readFile(file, 'utf8')) as WorkerInput[]) {
  await supervisor.set(resolveWorker(input));
}
await supervisor.begin();
// One that is killed would leave nothing of it to the next.
flushCompileCache();

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'stop') {
    await supervisor.close('stop', scope);
    process.stdout.write('stopped\n');
    break;
  }
  process.stdout.write(`${JSON.stringify(supervisor.list())}\n`);
}
process.exit();
