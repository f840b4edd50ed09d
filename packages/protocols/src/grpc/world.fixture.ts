import { createScope, type Scope } from '@roundhouse/core';
import { createMemoryNetwork, createRuntime, type NetFact } from '@roundhouse/net';
import { FakeClock } from '@roundhouse/testing';
import { expect } from 'vitest';
import { Echo, echoService } from './echo.fixture.ts';
import { connectGrpc, type GrpcConnectOptions, type GrpcServerOptions, serveGrpc } from './index.ts';
import { loadLibrary } from './library.ts';

// Loaded with the first connection, which takes real time.
await loadLibrary();

const parts = new Set<{ abort(): void }>();

const clocks = new Set<FakeClock>();

/** Ends what a test has left; no timer may stay behind. */
export async function endAll(): Promise<void> {
  for (const each of parts) each.abort();
  parts.clear();
  for (const clock of clocks) await turns(() => clock.pendingTimers === 0);
  clocks.clear();
}

/** Remembers what `endAll` is to end. */
export function endLater(...all: readonly { abort(): void }[]): void {
  for (const each of all) parts.add(each);
}

/** Lets the event loop turn until it is done. */
export async function turns(isDone: () => boolean): Promise<void> {
  for (let turn = 0; turn < 5_000 && !isDone(); turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(isDone()).toBe(true);
}

/** A server of Echo and a client on a network in memory, with a clock that stands still. */
export async function world({
  client: clientOptions = {},
  server: serverOptions = {},
}: {
  client?: Partial<GrpcConnectOptions>;
  server?: GrpcServerOptions;
} = {}) {
  const network = createMemoryNetwork();
  const clock = new FakeClock();
  clocks.add(clock);
  const facts: NetFact[] = [];
  const runtime = createRuntime({
    clock,
    dialer: network.dialer,
    listen: network.listen,
    observer: { observe: (fact) => void facts.push(fact) },
  });
  const scope = createScope({ clock });
  const waiting: Scope[] = [];
  const service = echoService((each) => void waiting.push(each));
  const server = await serveGrpc(serverOptions, [service], runtime);
  const session = await connectGrpc({ host: 'localhost', port: server.port, ...clientOptions }, scope, runtime);
  endLater(server, session);
  return { clock, facts, runtime, scope, server, session, waiting, echo: session.client(Echo) };
}

/** What it rejects with. */
export async function failure(promise: Promise<unknown>): Promise<Record<string, unknown>> {
  return promise.then(
    () => expect.unreachable('it succeeded'),
    (error: unknown) => error as Record<string, unknown>,
  );
}

/** Requests. */
export async function* texts(...all: readonly string[]) {
  for (const text of all) yield { text };
}
