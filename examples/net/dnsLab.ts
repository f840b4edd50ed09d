/**
 * Names for a lab: `node dnsLab.ts ZONE FILE [PORT]` serves a zone file, over UDP and TCP. `kill -HUP` reads the file
 * again; one that is wrong is told with its lines, and what was served before goes on.
 */
import { createScope, isRoundhouseError } from '@roundhouse/core';
import { loadZone, serveDns } from '@roundhouse/protocols/dns';

const [origin = 'lab.test', file = 'lab.test.zone', port = '5353'] = process.argv.slice(2);
const scope = createScope();
const server = await serveDns({ zones: [await loadZone({ file, origin }, scope)], port: Number(port) });
console.log(`${origin} on 127.0.0.1:${server.port}`);

async function reload(): Promise<void> {
  try {
    const zone = await loadZone({ file, origin }, scope);
    await server.setZone(zone);
    console.log(`serial ${zone.serial}`);
  } catch (error) {
    if (!isRoundhouseError(error)) throw error;
    const { faults } = error.details;
    console.error(Array.isArray(faults) ? faults.map(String).join('\n') : error.message);
  }
}

process.on('SIGHUP', () => void reload());
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.drain());
await server.closed;
