import type { InputRequest } from '@roundhouse/api';
import { createScope } from '@roundhouse/core';
import { openSession } from '@roundhouse/tn3270';
import { describe, expect, it } from 'vitest';
import { heldBytes } from './heap.fixture.ts';
import { silentLog } from './log/silentLog.fixture.ts';
import { createServer } from './server.ts';
import { TroubledHost } from './troubledHost.fixture.ts';

const ROUNDS = 1_000;
/** After these, everything that is made once has been made, and what is kept of operations (two a round) is full. */
const WARM_UP_ROUNDS = 600;
const MAX_GROWTH = 0.05;
const GROUP = { group: 'prod' };
/** Events that fill what is kept of them, in whole rounds of its renewal. */
const EVENTS = 10_000;
const LOG_ON: InputRequest = {
  actions: [
    { type: 'text', text: 'JOE' },
    { type: 'key', key: 'Tab' },
    { type: 'text', text: 'DEMO' },
    { type: 'key', key: 'Enter' },
  ],
};

/** `ROUNDHOUSE_LONG=1` runs it. */
describe.runIf(process.env['ROUNDHOUSE_LONG'] === '1')('sessions that come and go', () => {
  it('leave no memory behind', { timeout: 600_000 }, async () => {
    const host = new TroubledHost('host1');
    await host.start();
    const server = await createServer(
      { port: 0, token: 'unused', version: '0.0.0', events: { retention: { maxEvents: EVENTS } } },
      { openSession, log: silentLog() },
    );
    const { gateway } = server;
    gateway.directory.setGroup({ id: 'prod' });
    gateway.directory.setEndpoint({ id: 'host1', host: '127.0.0.1', port: host.port, group: 'prod' });
    using scope = createScope();

    const round = async (): Promise<void> => {
      const entry = await gateway.create(GROUP, scope);
      expect(await entry.input(LOG_ON, scope)).toContain('MAIN MENU');
      gateway.suspend(entry.id, {});
      gateway.resume(entry.id);
      await entry.input(
        {
          actions: [
            { type: 'text', text: '3' },
            { type: 'key', key: 'Enter' },
          ],
        },
        scope,
      );
      await gateway.sessions.remove(entry.id);
    };
    const measure = async (): Promise<number> => {
      // The events kept are the same ones each time.
      for (let index = 0; index < 2 * EVENTS; index++) server.journal.publish('test.filler', 'test');
      await server.journal.settled();
      await server.journal.trim();
      return heldBytes();
    };

    try {
      for (let done = 0; done < WARM_UP_ROUNDS; done++) await round();
      const before = await measure();
      for (let done = 0; done < ROUNDS; done++) await round();
      const growth = (await measure()) / before - 1;
      expect(growth).toBeLessThan(MAX_GROWTH);
    } finally {
      await server.stop();
      await host.kill();
    }
  });
});
