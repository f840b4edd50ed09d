import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createScope, type Scope } from '@roundhouse/core';
import type { PeerProcess } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serveWorkerContract } from '../library/index.ts';
import { createContractClient } from './client.ts';
import type { WorkerContract } from './contract.ts';
import { PythonGrpc, pythonGrpcAvailable } from './python.fixture.ts';

const EXAMPLE = new URL('../../examples/python/worker.py', import.meta.url);
const CALLER = new URL('./caller.fixture.py', import.meta.url);

describe.skipIf(!pythonGrpcAvailable())('the contract between implementations', () => {
  let python: PythonGrpc;
  let scope: Scope;
  let peer: PeerProcess | undefined;

  beforeEach(() => {
    python = new PythonGrpc();
    scope = createScope({ timeoutMs: 20_000 });
  });

  afterEach(async () => {
    await peer?.close();
    scope.end();
    python[Symbol.dispose]();
  });

  async function example(): Promise<{ worker: WorkerContract; configuration: string; socket: string }> {
    const socket = join(python.directory, 'worker.sock');
    const configuration = join(python.directory, 'configuration.json');
    writeFileSync(configuration, '{"pause_ms": 5}');
    const variables = { ROUNDHOUSE_WORKER_SOCKET: socket, CONFIGURATION: configuration };
    ({ peer } = await python.start(EXAMPLE, [], variables));
    return { worker: createContractClient(socket), configuration, socket };
  }

  it('the Python example says how it does, reloads, and drains', async () => {
    const { worker, configuration } = await example();
    while (!(await worker.ready(scope)).isReady) await scope.sleep(5);
    expect(await worker.health(scope)).toEqual({ status: 'ok', reason: '' });

    writeFileSync(configuration, '{"pause_ms": 20}');
    expect(await worker.reload(scope)).toEqual({ isReloaded: true, reason: '' });
    const [counts, pause] = await worker.metrics(scope);
    expect(counts).toMatchObject({ name: 'counts_total', kind: 'counter', labels: { language: 'python' } });
    expect(counts?.value).toBeGreaterThan(0);
    expect(pause).toEqual({ name: 'pause_seconds', kind: 'gauge', help: '', value: 0.02, labels: {} });

    writeFileSync(configuration, 'no');
    const refused = await worker.reload(scope);
    expect([refused.isReloaded, refused.reason === '']).toEqual([false, false]);
    const [started, warned, ...more] = await worker.notices(0, scope);
    expect(started).toMatchObject({ number: 1, severity: 'info', message: 'started' });
    expect(warned).toMatchObject({ number: 2, severity: 'warning' });
    expect(more).toEqual([]);
    expect(await worker.notices(1, scope)).toEqual([warned]);

    expect(await worker.drain(scope)).toEqual({ remaining: 0 });
    expect(await worker.ready(scope)).toEqual({ isReady: false, reason: 'draining' });
  });

  it('a drain that has too little time says so in time', async () => {
    const { worker, configuration } = await example();
    while (!(await worker.ready(scope)).isReady) await scope.sleep(5);
    writeFileSync(configuration, '{"pause_ms": 5000}');
    await worker.reload(scope);
    // The count under way has begun with the old pause.
    await scope.sleep(50);
    using short = scope.child({ timeoutMs: 300 });
    expect(await worker.drain(short)).toEqual({ remaining: 1 });
    peer?.kill();
  });

  it('a worker that is gone is told from one that is silent', async () => {
    const { worker, socket } = await example();
    peer?.kill();
    await peer?.exited;
    await expect(worker.health(scope)).rejects.toMatchObject({ code: 'CONNECT_REFUSED' });
    await expect(createContractClient(`${socket}.no`).health(scope)).rejects.toMatchObject({ code: 'PEER_NO_ANSWER' });
  });

  it('another gRPC calls a program that uses the library', async () => {
    const socket = join(python.directory, 'library.sock');
    await using contract = await serveWorkerContract(
      {
        health: () => ({ status: 'degraded', reason: 'die Platte ist fast voll 💾' }),
        onDrain: () => 3,
        onReload: () => {
          throw new Error('line 7: ":" expected');
        },
        metrics: () => [{ name: 'jobs', value: -1.5, labels: { queue: 'a' } }],
      },
      { path: socket },
    );
    contract.setReady(true);
    contract.notice('error', 'a notice');
    const called = await python.start(CALLER, [socket]);
    peer = called.peer;
    const answers = JSON.parse(called.line) as Record<string, unknown>;
    expect(answers).toMatchObject({
      Ready: { is_ready: true },
      Health: { status: 'STATUS_DEGRADED', reason: 'die Platte ist fast voll 💾' },
      Reload: { reason: 'line 7: ":" expected' },
      Metrics: { metrics: [{ name: 'jobs', kind: 'KIND_GAUGE', value: -1.5, labels: { queue: 'a' } }] },
      Notices: { notices: [{ number: '1', severity: 'SEVERITY_ERROR', message: 'a notice' }] },
      Drain: { remaining: '3' },
      'Ready again': { reason: 'draining' },
      Nonsense: 'UNIMPLEMENTED',
      Garbage: 'INVALID_ARGUMENT',
    });
    expect(await peer.exited).toEqual({ code: 0, signal: null });
  });
});
