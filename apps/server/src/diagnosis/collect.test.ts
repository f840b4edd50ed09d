import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { coreError, createScope } from '@roundhouse/core';
import { storeError } from '@roundhouse/store';
import { createCertificateAuthority, FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectFacts, type Places } from './collect.ts';

let folder: string;
let servers: HttpServer[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roundhouse-doctor-'));
  servers = [];
});

afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
});

function places(some: Partial<Places> = {}): Places {
  return {
    home: folder,
    ports: [],
    certificates: [],
    wantedDescriptors: 100,
    isStrict: false,
    releasedAt: 0,
    workers: undefined,
    pingStore: () => Promise.resolve(),
    ...some,
  };
}

async function serve(answer: string): Promise<number> {
  const server = createServer((_request, response) => response.end(answer));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe('collectFacts', () => {
  it('looks at the data directory, the disk and the limits', async () => {
    const changedAt = Date.UTC(2026, 4, 1);
    writeFileSync(join(folder, 'state'), '');
    utimesSync(join(folder, 'state'), changedAt / 1_000, changedAt / 1_000);
    chmodSync(folder, 0o750);
    const facts = await collectFacts(places(), createScope());
    expect(facts.home).toEqual({ path: folder, state: 'ready', mode: 0o750, isOwn: true });
    expect(facts.clock.newestStateAt).toBe(changedAt);
    expect(facts.disk?.totalBytes).toBeGreaterThan(facts.disk?.freeBytes as number);
    expect(facts.descriptors.limit).toBeGreaterThan(100);
    expect(facts.runtime.node).toBe(process.versions.node);
  });

  it('looks at what workers need, where there are any', async () => {
    expect((await collectFacts(places(), createScope())).workers).toBeNull();
    const workers = { runDirectory: join(folder, 'run'), programs: ['sh', 'no-such-program-here'] };
    expect((await collectFacts(places({ workers }), createScope())).workers).toEqual({
      runDirectory: { path: join(folder, 'run'), state: 'absent', mode: null, isOwn: false },
      missingPrograms: ['no-such-program-here'],
    });
  });

  it('knows the disk of a directory that is yet to be made', async () => {
    const facts = await collectFacts(places({ home: join(folder, 'a', 'b') }), createScope());
    expect(facts.home.state).toBe('absent');
    expect(facts.disk?.freeBytes).toBeGreaterThan(0);
    expect(facts.clock.newestStateAt).toBeNull();
  });

  it('tells a file from a directory', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect((await collectFacts(places({ home: file }), createScope())).home.state).toBe('not_a_directory');
  });

  it('tells our own port from one that is taken, and from a free one', async () => {
    const ours = await serve('{"status":"live"}');
    const taken = await serve('hello');
    const free = await serve('');
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const ports = [ours, taken, free].map((port, index) => ({
      name: String(index),
      host: '127.0.0.1',
      port,
      speaks: 'http' as const,
    }));
    const elsewhere = { name: 'elsewhere', host: '192.0.2.1', port: 7070, speaks: 'http' as const };
    const facts = await collectFacts(places({ ports: [...ports, elsewhere] }), createScope());
    expect(facts.ports.map(({ state }) => state)).toEqual(['ours', 'taken', 'free', 'no_such_address']);
  });

  it('leaves a port alone that cannot be asked who it is, unless nothing of ours answers', async () => {
    const [ours, door] = [await serve('{"status":"live"}'), await serve('')];
    const port = (name: string, number: number, speaks: 'http' | 'tn3270') =>
      ({ name, host: '127.0.0.1', port: number, speaks }) as const;
    const namesOf = async (...ports: Places['ports']): Promise<string[]> =>
      (await collectFacts(places({ ports }), createScope())).ports.map(({ name, state }) => `${name} ${state}`);
    expect(await namesOf(port('api', ours, 'http'), port('door', door, 'tn3270'))).toEqual(['api ours']);
    expect(await namesOf(port('api', door, 'http'), port('door', door, 'tn3270'))).toEqual(['api taken', 'door taken']);
  });

  it('reads certificates, and says why it cannot', async () => {
    const path = join(folder, 'cert.pem');
    writeFileSync(path, createCertificateAuthority().issue().cert);
    const certificates = [
      { name: 'good', path },
      { name: 'absent', path: join(folder, 'absent.pem') },
    ];
    const facts = await collectFacts(places({ certificates }), createScope());
    expect(facts.certificates[0]).toMatchObject({ name: 'good', fault: null });
    expect(facts.certificates[0]?.expiresAt).toBeGreaterThan(facts.clock.now);
    expect(facts.certificates[1]).toMatchObject({
      expiresAt: null,
      fault: expect.stringContaining('ENOENT') as string,
    });
  });

  it('knows a store that the server here has open from one that another process keeps', async () => {
    const locked = storeError('STORE_LOCKED', { details: { path: 'x' } });
    const storeOf = async () =>
      (await collectFacts(places({ pingStore: () => Promise.reject(locked) }), createScope())).store;
    expect(await storeOf()).toMatchObject({ state: 'unreachable', code: 'STORE_LOCKED' });
    mkdirSync(join(folder, 'run'));
    for (const [text, state] of [
      ['', 'unreachable'],
      // Larger than any.
      ['4194305 1 boot\n', 'unreachable'],
      // Its own store is no other's.
      [`${process.pid} 1 boot\n`, 'unreachable'],
      [`${process.ppid} 1 boot\n`, 'held'],
    ] as const) {
      writeFileSync(join(folder, 'run', 'lock'), text);
      expect(await storeOf()).toMatchObject({ state });
    }
  });

  it('asks the store, but not for ever', async () => {
    const refused = await collectFacts(
      places({ pingStore: () => Promise.reject(coreError('CANCELLED')) }),
      createScope(),
    );
    expect(refused.store).toMatchObject({ state: 'unreachable', code: 'CANCELLED' });
    const clock = new FakeClock();
    const scope = createScope({ clock });
    const collecting = collectFacts(places({ pingStore: () => new Promise(() => {}) }), scope);
    await clock.advance(5_000);
    expect((await collecting).store).toMatchObject({ state: 'unreachable', code: 'DEADLINE_EXCEEDED' });
    expect(clock.pendingTimers).toBe(0);
  });
});
