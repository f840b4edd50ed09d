import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope, type Scope } from '@roundhouse/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createContractClient } from '../contract/client.ts';
import type { WorkerContract } from '../contract/contract.ts';
import { type ServedContract, serveWorkerContract, type WorkerHandlers } from './index.ts';

let directory: string;
let path: string;
let scope: Scope;
let contract: ServedContract | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rh-library-'));
  path = join(directory, 'worker.sock');
  scope = createScope({ timeoutMs: 8_000 });
});

afterEach(async () => {
  scope.end();
  await contract?.close();
  contract = undefined;
  rmSync(directory, { recursive: true, force: true });
});

async function serve(handlers: WorkerHandlers = {}): Promise<WorkerContract> {
  contract = await serveWorkerContract(handlers, { path });
  return createContractClient(path);
}

describe('the worker contract of a Node program', () => {
  it('is not ready before it says so, and is well', async () => {
    const worker = await serve();
    expect(await worker.ready(scope)).toEqual({ isReady: false, reason: 'starting' });
    contract?.setReady(true);
    expect(await worker.ready(scope)).toEqual({ isReady: true, reason: '' });
    contract?.setReady(false, 'no database');
    expect(await worker.ready(scope)).toEqual({ isReady: false, reason: 'no database' });
    expect(await worker.health(scope)).toEqual({ status: 'ok', reason: '' });
    expect(await worker.metrics(scope)).toEqual([]);
    expect(await worker.drain(scope)).toEqual({ remaining: 0 });
  });

  it('is unwell when it cannot say how it does', async () => {
    const worker = await serve({
      health() {
        throw new Error('the pool is gone');
      },
    });
    expect(await worker.health(scope)).toEqual({ status: 'unhealthy', reason: 'the pool is gone' });
  });

  it('refuses what the program has no code for, and tells what it throws', async () => {
    const worker = await serve({
      metrics() {
        throw new TypeError('x is not a function');
      },
    });
    await expect(worker.reload(scope)).rejects.toMatchObject({
      code: 'RPC_FAILED',
      details: { rpc_status: 'UNIMPLEMENTED', reason: 'the program cannot reload' },
    });
    await expect(worker.metrics(scope)).rejects.toMatchObject({
      details: { rpc_status: 'INTERNAL', reason: 'x is not a function' },
    });
  });

  it('drains once, however often it is asked, and is not ready from then on', async () => {
    let drains = 0;
    let finish = (_left: number): void => {};
    const worker = await serve({
      onDrain() {
        drains++;
        return new Promise((resolve) => (finish = resolve));
      },
    });
    contract?.setReady(true);
    const both = [worker.drain(scope), worker.drain(scope)];
    while ((await worker.ready(scope)).isReady) await scope.sleep(1);
    expect(await worker.ready(scope)).toEqual({ isReady: false, reason: 'draining' });
    finish(0);
    expect(await Promise.all(both)).toEqual([{ remaining: 0 }, { remaining: 0 }]);
    expect(drains).toBe(1);
  });

  it('gives what was left at the end of the time', async () => {
    const worker = await serve({
      onDrain: (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(2))),
    });
    using short = scope.child({ timeoutMs: 400 });
    expect(await worker.drain(short)).toEqual({ remaining: 2 });
  });

  it('keeps the latest notices, with numbers that show what is missing', async () => {
    const worker = await serve();
    for (let number = 1; number <= 300; number++) contract?.notice('info', `notice ${number}`);
    const all = await worker.notices(0, scope);
    expect([all.length, all[0]?.number, all.at(-1)?.message]).toEqual([256, 45, 'notice 300']);
    expect((await worker.notices(298, scope)).map(({ number }) => number)).toEqual([299, 300]);
  });

  it('takes the place of a socket that was left behind, and of nothing else', async () => {
    await serve();
    await contract?.close();
    writeFileSync(`${path}.file`, 'precious');
    await expect(serveWorkerContract({}, { path: `${path}.file` })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const first = await serveWorkerContract({}, { path });
    const second = await serveWorkerContract({}, { path });
    second.setReady(true);
    expect(await createContractClient(path).ready(scope)).toMatchObject({ isReady: true });
    await Promise.all([first.close(), second.close(), second.close()]);
  });

  it('is for its owner alone', async () => {
    await serve();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('goes on when a caller breaks off or talks nonsense', async () => {
    const worker = await serve({ health: () => new Promise(() => {}) });
    using short = scope.child({ timeoutMs: 50 });
    await expect(worker.health(short)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await new Promise((resolve) =>
      connect(path)
        .on('error', () => {})
        .on('close', resolve)
        .resume()
        .end('GET / HTTP/1.1\r\n\r\n'),
    );
    expect(await worker.ready(scope)).toMatchObject({ reason: 'starting' });
  });

  it('serves nothing where no socket is named', async () => {
    contract = await serveWorkerContract({}, { path: '' });
    contract.setReady(true);
    expect(contract.isServed).toBe(false);
  });
});
