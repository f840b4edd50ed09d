/**
 * Looks names up: `node dnsLookup.ts SERVER NAME…` asks a server (`192.0.2.1`, `192.0.2.1:53`), without one those of this
 * machine (`node dnsLookup.ts system NAME…`). `_service._protocol.name` is looked up as a service.
 */
import { createScope, isRoundhouseError } from '@roundhouse/core';
import { createResolver, systemResolverOptions } from '@roundhouse/protocols/dns';

const [server = 'system', ...names] = process.argv.slice(2);
const scope = createScope({ timeoutMs: 10_000 });
const options = server === 'system' ? await systemResolverOptions({}, scope) : { servers: [server] };
await using resolver = createResolver(options);

for (const name of names) {
  try {
    const found = name.startsWith('_')
      ? (await resolver.service(name, scope)).map(({ host, port }) => `${host}:${port}`)
      : await resolver.addresses(name, scope);
    console.log(`${name} ${found.join(' ')}`);
  } catch (error) {
    if (!isRoundhouseError(error)) throw error;
    console.log(`${name} ${error.code}`);
    process.exitCode = 1;
  }
}
