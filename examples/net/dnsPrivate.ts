/**
 * Names that nobody on the way can read: a server for DNS over TLS and over HTTPS, and a resolver that asks each.
 *
 *   node --conditions=source examples/net/dnsPrivate.ts CERT.pem KEY.pem CA.pem
 *
 * The certificate is one for `localhost`.
 */
import { readFile } from 'node:fs/promises';
import { createScope } from '@roundhouse/core';
import { createResolver, type NameServerOptions, parseZone, serveDns } from '@roundhouse/protocols/dns';

const [cert = '', key = '', ca = ''] = await Promise.all(
  process.argv.slice(2, 5).map((file) => readFile(file, 'utf8')),
);
const zone = parseZone('$TTL 60\n@ SOA ns admin 1 60 60 60 60\n@ NS ns\nns A 127.0.0.1\nsecret A 192.0.2.7\n', {
  origin: 'lab.test',
});
await using server = await serveDns({ zones: [zone], tls: { cert, key }, https: { cert, key } });
const scope = createScope({ timeoutMs: 20_000 });

const ways: readonly NameServerOptions[] = [
  { address: `127.0.0.1:${server.port}`, transport: 'udp' },
  { address: `127.0.0.1:${server.port}`, transport: 'tcp' },
  { address: `localhost:${server.tlsPort}`, transport: 'tls', tls: { ca } },
  { address: `localhost:${server.httpsPort}`, transport: 'https', tls: { ca } },
];
for (const way of ways) {
  await using resolver = createResolver({ servers: [way] });
  const { records } = await resolver.resolve('secret.lab.test', 'A', scope);
  for (const { data } of records) if (data.type === 'A') console.log(`${way.transport}: ${data.address}`);
}
