import { createScope, systemClock } from '@roundhouse/core';
import { createServer, openLog } from '@roundhouse/server';
import { openSession } from '@roundhouse/tn3270';
import { GROUP } from './demoGroup.ts';

/**
 * A gateway with a warm group, as a process: `warmGateway.ts PORT SIZE CREATES`, PORT being that of a demo host. Waits
 * until SIZE sessions stand at the menu, takes CREATES sessions one after another, each when one is ready, and prints
 * the ms that each took as a JSON array.
 */
const [port, size, creates] = process.argv.slice(2).map(Number) as [number, number, number];
const TIMEOUT_MS = 120_000;
const POLL_MS = 5;
const PASSWORD = 'bench.password';

/** What the demo host lets in with any user id. */
const secrets = async (name: string): Promise<string> => {
  if (name !== PASSWORD) throw new Error(`There is no secret ${name}`);
  return 'DEMO';
};
const NAVIGATION = {
  name: 'to the menu',
  steps: [
    {
      expect: { texts: [{ text: 'USER ID' }] },
      actions: [
        { type: 'text', text: 'BENCH' },
        { type: 'key', key: 'Tab' },
        { type: 'text', text: { secret: PASSWORD } },
        { type: 'key', key: 'Enter' },
      ],
      leads_to: { texts: [{ text: 'MAIN MENU' }] },
      timeout_ms: 10_000,
    },
  ],
};

// Never listens: the gateway alone is measured.
await using log = await openLog({ filter: 'silent' }, { clock: systemClock });
await using server = await createServer(
  { port: 0, token: 'x'.repeat(32), version: 'bench' },
  { openSession, log, secrets },
);
const { gateway } = server;
using scope = createScope({ what: 'The warm sessions', timeoutMs: TIMEOUT_MS });

const warm = (): { ready: number; leased: number } => {
  const { pool } = gateway.directory.group(GROUP);
  if (pool === undefined) throw new Error('The group keeps no sessions ready');
  return pool.status;
};
const untilReady = async (wanted: number): Promise<void> => {
  while (warm().ready < wanted) await scope.sleep(POLL_MS);
};

gateway.directory.setGroup({ id: GROUP, navigation: NAVIGATION, warm: { size } });
gateway.directory.setEndpoint({ id: 'host-1', host: '127.0.0.1', port, group: GROUP });
await untilReady(size);
const times: number[] = [];
for (let created = 0; created < creates; created++) {
  await untilReady(1);
  const began = performance.now();
  await gateway.create({ group: GROUP }, scope);
  times.push(performance.now() - began);
}
const { leased } = warm();
if (leased !== creates) throw new Error(`${leased} of ${creates} sessions were warm`);
process.stdout.write(`${JSON.stringify(times)}\n`);
