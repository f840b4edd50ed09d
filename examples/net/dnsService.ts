/**
 * Finds a service by its name (SRV), and asks it over connections whose names are looked up by the same resolver.
 *
 *   node --conditions=source examples/net/dnsService.ts
 */
import { createScope } from '@roundhouse/core';
import { createDirectDialer, createRuntime } from '@roundhouse/net';
import { createResolver, parseZone, serveDns } from '@roundhouse/protocols/dns';
import { createHttpClient, serveHttp, text } from '@roundhouse/protocols/http';

await using web = await serveHttp({}, ({ authority }) => text(`hello from ${authority.replace(/:.*/, '')}`));
const zone = parseZone(
  `$TTL 60
@ SOA ns admin 1 60 60 60 60
@ NS ns
ns A 127.0.0.1
web A 127.0.0.1
_http._tcp SRV 10 5 ${web.port} web
_http._tcp SRV 20 5 9 backup
backup A 127.0.0.1
`,
  { origin: 'lab.test' },
);
await using names = await serveDns({ zones: [zone] });
await using resolver = createResolver({ servers: [`127.0.0.1:${names.port}`], hasIpv6: () => false });
const scope = createScope({ timeoutMs: 10_000 });

const targets = await resolver.service('_http._tcp.lab.test', scope);
console.log(targets.map(({ host, priority }) => `${priority} ${host}`).join(', '));
const [first] = targets;
const runtime = createRuntime({ dialer: createDirectDialer({ lookup: resolver.lookup }) });
await using client = createHttpClient({}, runtime);
const response = await client.get(`http://${first?.host}:${first?.port}/`, scope);
console.log(await response.body.text());
const { cached, hits, misses } = resolver.stats();
console.log(`${cached} answers kept, ${hits} of ${hits + misses} look-ups from them`);
