import { createScope, silentLogger, systemClock } from '@roundhouse/core';
import { openStore } from '@roundhouse/store';
import { openEventJournal } from '../event/journal.ts';
import { createWebhooks } from './dispatcher.ts';

/**
 * A process to be killed: `publisherProcess.fixture.ts FILE URL SECRET COUNT`. Publishes COUNT events, a few a turn, and
 * sends all there are to the webhook. Prints the id of the last durable event, one a line, each time it has grown.
 */
const [file = '', url = '', secret = '', count = '0'] = process.argv.slice(2);
const clock = systemClock;
const log = silentLogger;
const deps = { clock, log, random: Math.random };
const store = await openStore(`sqlite:${file}`, { clock, log }, createScope());
const journal = await openEventJournal({}, { ...deps, store });
const webhooks = createWebhooks({}, { ...deps, store, journal, secrets: async () => secret });
await webhooks.set({ id: 'w', url, secret, allow_private: true });
process.stdout.write(`${journal.lastId}\n`);
journal.watch(({ id }) => process.stdout.write(`${id}\n`));
webhooks.start();

const last = Number(journal.lastId) + Number(count);
const publish = (): void => {
  for (let n = 0; n < 3; n++) journal.publish('session.active', 's', { from: 'connected', endpoint: null });
  if (Number(journal.lastId) < last) setImmediate(publish);
};
if (Number(count) > 0) publish();
// Stays until it is killed.
setInterval(() => {}, 60_000);
