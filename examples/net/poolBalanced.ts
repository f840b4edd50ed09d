/**
 * Connections to whichever of three servers is best: requests are spread, and when one goes away the others take its
 * share, without one that fails.
 *
 *   node --conditions=source examples/net/poolBalanced.ts
 */
import { createScope } from '@roundhouse/core';
import { createPool, createRuntime, type PoolKey } from '@roundhouse/net';
import { connectHttp, type HttpConnection, serveHttp, text } from '@roundhouse/protocols/http';
import { createBalancedPool } from '@roundhouse/protocols/pool';
import { createEndpointGroup, createHealth, resolveHealthOptions } from '@roundhouse/traffic';

const runtime = createRuntime();
const scope = createScope({ timeoutMs: 20_000 });
const servers = await Promise.all(['a', 'b', 'c'].map((name) => serveHttp({}, () => text(name))));

interface Place extends PoolKey {
  readonly port: number;
}
const group = createEndpointGroup<Place>(
  { id: 'servers', strategy: 'round_robin' },
  {
    clock: runtime.clock,
    random: runtime.random,
    // Without a probe, what happens to the traffic decides.
    createHealth: (endpoint) => createHealth(endpoint, undefined, resolveHealthOptions(), { ...runtime, scope }),
  },
);
for (const { port } of servers) {
  group.set({ id: `server-${port}`, target: { port, origin: `127.0.0.1:${port}`, tls: '', credentials: '' } });
}
const open = ({ port }: Place, own: typeof scope) => connectHttp({ host: '127.0.0.1', port }, own, runtime);
await using connections = createPool<HttpConnection, Place>({ open }, runtime);
const pool = createBalancedPool(group, connections, { keyOf: (place) => place }, runtime);

const request = { method: 'GET', target: '/', scheme: 'http', headers: {}, body: null, maxBodyBytes: 1_000 } as const;
async function ask(count: number): Promise<string> {
  const seen = new Set<string>();
  for (let done = 0; done < count; done += 1) {
    const answer = await pool.use(
      { isIdempotent: true },
      async (connection, own) => (await connection.request({ ...request, authority: 'localhost' }, own)).body.text(),
      scope,
    );
    seen.add(answer);
  }
  return `${count} answers from ${[...seen].toSorted().join(' ')}`;
}
console.log(await ask(9));
await servers[1]?.drain();
console.log(await ask(9));
group.close();
for (const server of servers) await server.drain();
scope.end();
