import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createScope, isRoundhouseError, silentLogger, systemClock } from '@roundhouse/core';
import { type PeerProcess, type Postgres, postgresAvailable, startPeer, startPostgres } from '@roundhouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { event, put, Watcher } from './compliance/bed.fixture.ts';
import { openStore } from './open.ts';
import type { Store } from './store.ts';

const PROGRAM = fileURLToPath(new URL('./writerProcess.ts', import.meta.url));
const open = (url: string): Promise<Store> => openStore(url, { clock: systemClock, log: silentLogger }, createScope());
const start = (...args: string[]): Promise<PeerProcess> =>
  startPeer(process.execPath, ['--conditions=source', '--no-warnings', PROGRAM, ...args]);

/** Lets a writer acknowledge so many writes, kills it in the middle of the next, and returns the last it acknowledged. */
async function killedWriter(url: string, writes: number): Promise<number> {
  const peer = await start('append', url);
  let output = '';
  const enough = new Promise<void>((resolve) => {
    peer.onOutput((text) => {
      output += text;
      if (output.split('\n').length > writes) resolve();
    });
  });
  await Promise.race([enough, peer.exited]);
  if (peer.exit !== undefined) throw peer.failure('it ended by itself');
  peer.kill();
  await peer.exited;
  // A number that was cut off in the middle was not acknowledged.
  const numbers = output.slice(0, output.lastIndexOf('\n')).split('\n').map(Number);
  return Math.max(...numbers);
}

/** Nothing acknowledged is missing, and what is there fits together: each write whole, no gap, no repeat. */
async function expectWhole(store: Store, acknowledged: number): Promise<void> {
  const { first, last } = await store.events.range();
  expect(first).toBe(1);
  expect(last).toBeGreaterThanOrEqual(acknowledged);
  expect(await store.revision()).toBe(last);
  const sequences: number[] = [];
  while (sequences.length < last) {
    const page = await store.events.read({ after: sequences.length, limit: 1_000 });
    sequences.push(...page.map(({ sequence }) => sequence));
    expect(page.length).toBeGreaterThan(0);
  }
  expect(sequences).toEqual(Array.from({ length: last }, (_, index) => index + 1));
  const watcher = new Watcher(store, 0);
  const changes = await watcher.until(last);
  await watcher.stop();
  expect(changes.map(({ resource }) => resource.value['number'])).toEqual(sequences);
  expect((await store.get('written', `${last}`))?.version).toBe(last);
  const cursor = (await store.deliveries.cursor('hook')) ?? 0;
  const deliveries: string[] = [];
  for (let before: number | undefined; ; ) {
    const page = await store.deliveries.list({ limit: 1_000, ...(before !== undefined && { before }) });
    if (page.length === 0) break;
    deliveries.push(...page.map(({ messageId }) => messageId));
    before = page.at(-1)?.id;
  }
  expect(deliveries.reverse()).toEqual(Array.from({ length: cursor }, (_, index) => `${index + 1}`));
}

/** Kills writers at random moments until 1,000 writes have been acknowledged. */
async function survives(url: string): Promise<void> {
  let acknowledged = 0;
  for (let round = 0; round < 5 || acknowledged < 1_000; round++) {
    acknowledged = await killedWriter(url, randomInt(1, 250));
    const store = await open(url);
    await expectWhole(store, acknowledged);
    await store.close();
  }
}

describe('a writer that is killed loses nothing it acknowledged', () => {
  it.each(['', '?durability=power-loss'])('in SQLite %s', async (parameters) => {
    const folder = await mkdtemp(join(tmpdir(), 'store-'));
    try {
      await survives(`sqlite:${join(folder, 'store.db')}${parameters}`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe.skipIf(!postgresAvailable())('PostgreSQL', () => {
  let server: Postgres;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.close());

  it('has all that a killed writer acknowledged', () => survives(server.url()), 120_000);

  it('shows each of two processes what the other commits, and none loses an update', async () => {
    const url = await server.createDatabase('counting');
    const store = await open(url);
    const watcher = new Watcher(store, 0);
    const peers = await Promise.all([start('count', url, '40', '80'), start('count', url, '40', '80')]);
    const exits = await Promise.all(peers.map((peer) => peer.exited));
    expect(
      exits.map(({ code }) => code),
      peers.map((peer) => peer.output).join(),
    ).toEqual([0, 0]);
    await watcher.until(80);
    await watcher.stop();
    expect(watcher.seen.map(({ resource }) => resource.value['count'])).toEqual(
      Array.from({ length: 80 }, (_, index) => index + 1),
    );
    await store.close();
  });

  it('has all that was acknowledged when it was killed itself, and the store goes on by itself', async () => {
    await using own = await startPostgres();
    const store = await open(own.url());
    const watcher = new Watcher(store, 0);
    let acknowledged = 0;
    for (let round = 0; round < 4; round++) {
      const { last } = await store.events.range();
      const until = last + randomInt(20, 200);
      let killing: Promise<void> | undefined;
      for (let next = last + 1; ; next++) {
        if (next === until) killing = own.kill();
        try {
          await store.commit({
            writes: [put(`${next}`, { number: next }, 'absent', 'written')],
            events: [event(next)],
          });
          acknowledged = next;
        } catch (error) {
          expect(isRoundhouseError(error) && error.code).toBe('STORE_UNAVAILABLE');
          break;
        }
      }
      await killing;
      await expect(store.revision()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
      await own.start(createScope({ timeoutMs: 30_000 }));
      await expectWhole(store, acknowledged);
    }
    const revision = await store.revision();
    await watcher.until(revision);
    await watcher.stop();
    expect(watcher.seen.map((change) => change.revision)).toEqual(
      Array.from({ length: revision }, (_, index) => index + 1),
    );
    await store.close();
  });
});
