import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createScope } from '@roundhouse/core';
import { type PeerProcess, startPeer } from '@roundhouse/testing';
import { expect, it } from 'vitest';
import { createResolver } from './resolver/resolver.ts';

const scope = createScope();

const example = (name: string, ...args: readonly string[]): Promise<PeerProcess> => {
  const path = fileURLToPath(new URL(`../../../../examples/net/${name}.ts`, import.meta.url));
  return startPeer(process.execPath, ['--conditions=source', path, ...args]);
};

/** Waits until it has printed something; gives what a group of the pattern matches. */
async function printed(peer: PeerProcess, pattern: RegExp): Promise<string> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const found = pattern.exec(peer.output)?.[1];
    if (found !== undefined) return found;
    if (peer.exit !== undefined) break;
    await scope.sleep(50);
  }
  throw peer.failure(`it did not print ${pattern}`);
}

it('The lab serves its zone file, reads it again, and keeps what it had when it is wrong', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-lab-'));
  try {
    const file = join(folder, 'lab.zone');
    const zone = (serial: number, more: string): string =>
      `$TTL 60\n@ SOA ns m ${serial} 1 1 1 1\n@ NS ns\nns A 127.0.0.1\n_ssh._tcp SRV 0 0 22 ns\n${more}\n`;
    await writeFile(file, zone(1, 'a A 192.0.2.1'));
    await using lab = await example('dnsLab', 'lab.test', file, '0');
    const port = await printed(lab, /on 127\.0\.0\.1:(\d+)/);
    const lookUp = async (...names: readonly string[]): Promise<string> => {
      const tool = await example('dnsLookup', `127.0.0.1:${port}`, ...names);
      await tool.exited;
      return tool.output.trim();
    };
    expect(await lookUp('a.lab.test', 'b.lab.test', '_ssh._tcp.lab.test')).toBe(
      'a.lab.test 192.0.2.1\nb.lab.test NAME_NOT_FOUND\n_ssh._tcp.lab.test ns.lab.test:22',
    );
    await writeFile(file, zone(2, 'b A 192.0.2.2'));
    process.kill(lab.pid, 'SIGHUP');
    await printed(lab, /serial (2)/);
    expect(await lookUp('b.lab.test')).toBe('b.lab.test 192.0.2.2');
    await writeFile(file, zone(3, 'b A nonsense'));
    process.kill(lab.pid, 'SIGHUP');
    await printed(lab, /lab\.zone:(6:5): A: address is not an address of ipv4: nonsense/);
    expect(await lookUp('b.lab.test')).toBe('b.lab.test 192.0.2.2');
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('The pool has the addresses of what takes connections', async () => {
  const service = createServer();
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const { port } = service.address() as AddressInfo;
  await using pool = await example('dnsPool', '0', `127.0.0.1:${port}`, '127.0.0.2:1');
  const server = await printed(pool, /on 127\.0\.0\.1:(\d+)/);
  await using resolver = createResolver({ servers: [`127.0.0.1:${server}`], cacheEntries: 0 });
  const addresses = (): Promise<readonly string[]> =>
    resolver.addresses('pool.lab.test', scope, { family: 4 }).catch(() => []);
  const until = async (count: number): Promise<void> => {
    for (let attempt = 0; attempt < 600; attempt += 1) {
      if ((await addresses()).length === count) return;
      await scope.sleep(50);
    }
    throw new Error(`there are not ${count} addresses after 30 s`);
  };
  await until(1);
  expect(await addresses()).toEqual(['127.0.0.1']);
  await new Promise<void>((resolve) => service.close(() => resolve()));
  await until(0);
});
