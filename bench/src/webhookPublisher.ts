import { randomBytes } from 'node:crypto';
import { createClient } from '@roundhouse/api';
import { createScope, systemClock } from '@roundhouse/core';
import { createServer, openLog } from '@roundhouse/server';
import { openStore } from '@roundhouse/store';
import { openSession } from '@roundhouse/tn3270';
import { monotonicMs } from './monotonic.ts';

/** Times as `monotonicMs` has them. */
export interface Published {
  readonly events: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** CPU time of the process by the time that publishing took. */
  readonly cpuShare: number;
}

/**
 * The server with events that somebody else would cause, as a process: `webhookPublisher.ts FILE URL SECRET RATE EVENTS`.
 * Configures the webhook, publishes RATE events a second, prints a Published, and serves until it is ended.
 */
const [file, url, secret, rate, events] = process.argv.slice(2) as [string, string, string, string, string];
const TICK_MS = 5;
/** For the webhook to be there and the process to have come to rest. */
const SETTLE_MS = 500;
const SUBJECTS = 500;

const scope = createScope();
const log = await openLog({ filter: 'warn' }, { clock: systemClock });
const store = await openStore(`sqlite:${file}`, { clock: systemClock, log: log.logger }, scope);
const token = randomBytes(24).toString('base64url');
const server = await createServer({ port: 0, token, version: 'bench' }, { openSession, log, store });
const address = await server.start();
using client = createClient({ url: address.url, token });
// Only what is published below.
await client.createResource('webhook', { id: 'bench', url, secret, allow_private: true, events: ['session.active'] });
await scope.sleep(SETTLE_MS);

const perMs = Number(rate) / 1e3;
const before = process.cpuUsage();
const firstMs = monotonicMs();
let lastMs = firstMs;
let published = 0;
while (published < Number(events)) {
  const due = Math.min(Number(events), 1 + Math.floor((monotonicMs() - firstMs) * perMs));
  for (; published < due; published++) {
    lastMs = monotonicMs();
    const data = { from: 'connected', endpoint: 'east', published_ms: lastMs };
    server.journal.publish('session.active', `ses_${published % SUBJECTS}`, data);
  }
  await scope.sleep(TICK_MS);
}
const { user, system } = process.cpuUsage(before);
const facts: Published = {
  events: published,
  firstMs,
  lastMs,
  cpuShare: (user + system) / 1e3 / (monotonicMs() - firstMs),
};
process.stdout.write(`${JSON.stringify(facts)}\n`);
