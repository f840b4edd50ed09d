import { createScope, silentLogger, systemClock } from '@roundhouse/core';
import type { Launch } from './contract.ts';
import { createProcessHost } from './host.ts';
import { launchOf, NO_GROUPS } from './host.fixture.ts';

/**
 * A supervisor of its own process, to be killed: `masterProcess RUN COUNT CHANGES` starts so many and tells their pids, or why not.
 * CHANGES: of the launch, as JSON.
 */
const [directory = '', count = '1', changes = '{}'] = process.argv.slice(2);
const host = createProcessHost(
  { directory, logDaemon: undefined, hierarchy: NO_GROUPS },
  { clock: systemClock, log: silentLogger },
);
const scope = createScope({ timeoutMs: 30_000 });
await host.open(scope);
const environment = { PATH: '/usr/bin:/bin', RUN_DIRECTORY: directory };
const launch = launchOf(['sleep', '1000'], { environment, ...(JSON.parse(changes) as Partial<Launch>) });
const runs = Array.from({ length: Number(count) }, (_, number) =>
  host.keeper({ worker: 'web', number }).start(1, launch, scope),
);
try {
  for (const run of runs) process.stdout.write(`${(await run).process.pid}\n`);
  process.stdout.write('all\n');
} catch (error) {
  process.stdout.write(String(error));
  process.exitCode = 1;
  await host.shutdown(scope);
  scope.end();
}
