/**
 * One port for several protocols: the first bytes of a connection tell TLS, HTTP (with its WebSockets) and everything
 * else apart, and each goes to one of the endpoints of its kind, of which those that fail are left out for a while.
 *
 *   node --conditions=source examples/net/proxyPorts.ts PORT tls=HOST:PORT,… http=HOST:PORT,… raw=HOST:PORT,…
 *
 * It ends well on SIGINT: nobody new is taken, and what is open has ten seconds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createScope, isRoundhouseError } from '@roundhouse/core';
import { type Address, createRuntime, dialTransport, listen, parseAddress, type Transport } from '@roundhouse/net';
import {
  createEndpointGroup,
  createHealth,
  type EndpointGroup,
  type Lease,
  resolveHealthOptions,
} from '@roundhouse/traffic';

const KINDS = ['tls', 'http', 'raw'] as const;
type Kind = (typeof KINDS)[number];
/** Who says nothing for so long waits for the other side to speak first, as clients of SMTP do. */
const SILENCE_MS = 300;
const DRAIN_MS = 10_000;
const TIMEOUTS = { connectMs: 2_000, tlsMs: 2_000 };

const [port = '8080', ...routes] = process.argv.slice(2);
const runtime = createRuntime();
const scope = createScope();

/** Undefined while it takes more bytes to say. */
function kindOf(first: Buffer): Kind | undefined {
  if (first[0] === 0x16) return 'tls';
  if (/^[A-Z]{3,10} \S/.test(first.toString('latin1', 0, 16))) return 'http';
  return /^[A-Z]{0,10} ?$/.test(first.toString('latin1', 0, 16)) ? undefined : 'raw';
}

function groupOf(kind: Kind, addresses: readonly string[]): EndpointGroup<Address> {
  const group = createEndpointGroup<Address>(
    { id: kind, strategy: 'least_connections', queue: { max: 0 } },
    {
      clock: runtime.clock,
      random: runtime.random,
      createHealth: (endpoint) => createHealth(endpoint, undefined, resolveHealthOptions(), { ...runtime, scope }),
    },
  );
  for (const address of addresses) group.set({ id: address, target: parseAddress(address) });
  return group;
}

const groups = new Map<Kind, EndpointGroup<Address>>();
for (const route of routes) {
  const [kind, addresses = ''] = route.split('=');
  const known = KINDS.find((each) => each === kind);
  if (known === undefined) throw new Error(`${route} is none of tls=…, http=… and raw=…`);
  groups.set(known, groupOf(known, addresses.split(',')));
}

/** Connects to the endpoint that has the least to do; to the next one when that fails. */
async function connect(group: EndpointGroup<Address>): Promise<{ transport: Transport; lease: Lease<Address> }> {
  const avoid: string[] = [];
  for (;;) {
    const lease = await group.acquire({ avoid }, scope);
    const startedAt = runtime.clock.monotonic();
    try {
      const transport = await dialTransport(lease.endpoint.target, { timeouts: TIMEOUTS }, runtime, scope);
      lease.succeeded(runtime.clock.monotonic() - startedAt);
      return { transport, lease };
    } catch (error) {
      if (isRoundhouseError(error)) lease.failed(error.code);
      lease.release();
      avoid.push(lease.endpoint.id);
    }
  }
}

/** What comes from one goes to the other, no faster than that takes it. */
function pass(chunk: Uint8Array, from: Transport, to: Transport): void {
  if (!to.write(Buffer.from(chunk))) from.pause();
}

function accept(client: Transport): void {
  let first = Buffer.alloc(0);
  let server: Transport | undefined;
  let isDecided = false;
  const timer = runtime.clock.setTimer(SILENCE_MS, () => void decide('raw'));

  async function decide(kind: Kind): Promise<void> {
    if (isDecided) return;
    isDecided = true;
    timer.cancel();
    client.pause();
    try {
      const group = groups.get(kind);
      if (group === undefined) throw new Error(`nobody takes ${kind}`);
      const { transport, lease } = await connect(group);
      console.log(`${client.peer} ${kind} -> ${lease.endpoint.id}`);
      server = transport;
      transport.start({
        data: (chunk) => pass(chunk, transport, client),
        drained: () => client.resume(),
        ended: () => void client.close(),
        closed: () => {
          lease.release();
          void client.close();
        },
      });
      if (client.state !== 'open') return transport.destroy();
      if (first.length > 0) transport.write(first);
      client.resume();
    } catch (error) {
      console.log(`${client.peer} ${kind}: ${error instanceof Error ? error.message : String(error)}`);
      client.destroy();
    }
  }

  client.start({
    data(chunk) {
      if (server !== undefined) return pass(chunk, client, server);
      first = Buffer.concat([first, chunk]);
      const kind = kindOf(first);
      if (kind !== undefined) void decide(kind);
    },
    drained: () => server?.resume(),
    ended: () => void server?.close(),
    closed: () => {
      timer.cancel();
      void server?.close();
    },
  });
}

const listener = await listen({ host: '127.0.0.1', port: Number(port), maxConnections: 1_000 }, accept, scope);
console.log(`all of it on 127.0.0.1:${listener.port}`);
const over = Promise.withResolvers<void>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => over.resolve());
await over.promise;
await listener.close();
for (let left = DRAIN_MS; left > 0 && listener.connections.size > 0; left -= 50) await sleep(50);
console.log(`ended with ${listener.connections.size} open`);
for (const group of groups.values()) group.close();
scope.end();
