/**
 * A name that leads to what is alive: `node dnsPool.ts PORT ADDRESS:PORT…` answers `pool.lab.test` with the addresses of
 * those that take connections, looked at every second.
 */
import { createScope } from '@roundhouse/core';
import { createRuntime, dialTransport, parseAddress } from '@roundhouse/net';
import { createZone, serveDns } from '@roundhouse/protocols/dns';

const [port = '5353', ...targets] = process.argv.slice(2);
const scope = createScope();
const runtime = createRuntime();
const alive = new Set<string>();

const soa = { primary: 'ns.lab.test.', mailbox: 'admin.lab.test.', serial: 1, refresh: 60, retry: 60, expire: 60 };
const zone = createZone({
  origin: 'lab.test',
  records: [
    { name: 'lab.test.', ttl: 60, data: { type: 'SOA', ...soa, minimum: 1 } },
    { name: 'lab.test.', ttl: 60, data: { type: 'NS', target: 'ns.lab.test.' } },
    { name: 'ns.lab.test.', ttl: 60, data: { type: 'A', address: '127.0.0.1' } },
  ],
});
const dynamic = [{ name: 'pool.lab.test', ttl: 1, addresses: () => [...alive] }];
const server = await serveDns({ zones: [zone], dynamic, port: Number(port) }, runtime, scope);
console.log(`pool.lab.test on 127.0.0.1:${server.port}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.drain());

async function look(target: string): Promise<void> {
  const address = parseAddress(target);
  try {
    const timeouts = { connectMs: 500, tlsMs: 500 };
    const transport = await dialTransport(address, { timeouts }, runtime, scope);
    alive.add(address.host);
    await transport.close();
  } catch {
    alive.delete(address.host);
  }
}

while (server.state === 'open') {
  await Promise.all(targets.map(look));
  await Promise.race([new Promise((resolve) => setTimeout(resolve, 1_000)), server.closed]);
}
