import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope } from '@roundhouse/core';
import { createCertificateAuthority } from '@roundhouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryFiles } from '../product.fixture.ts';
import { checkCertificate } from './certificate.ts';
import { checkDescriptors } from './descriptors.ts';
import { checkPrivate, checkWritable } from './file.ts';
import { checkPort } from './port.ts';

const path = ['server', 'port'];
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roundhouse-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('checkPort', () => {
  it('finds a port that is taken, and lets go of one that is free', async () => {
    const scope = createScope();
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    expect(await checkPort(path, '127.0.0.1', port, scope)).toEqual([
      { path, code: 'CONFIG_PORT_TAKEN', details: { address: `127.0.0.1:${port}`, reason: 'the address is in use' } },
    ]);
    await new Promise((resolve) => {
      server.close(resolve);
    });
    expect(await checkPort(path, '127.0.0.1', port, scope)).toEqual([]);
    expect(await checkPort(path, '127.0.0.1', port, scope)).toEqual([]);
    expect(await checkPort(path, '127.0.0.1', 0, scope)).toEqual([]);
  });

  it('finds an address that is not of this machine', async () => {
    const [finding] = await checkPort(path, '192.0.2.1', 5, createScope());
    expect(finding?.details).toEqual({ address: '192.0.2.1:5', reason: 'this machine has no such address' });
  });
});

describe('checkWritable', () => {
  it('takes a directory that is there, and one that can be made', async () => {
    expect(await checkWritable(path, folder)).toEqual([]);
    expect(await checkWritable(path, join(folder, 'a/b/c'))).toEqual([]);
  });

  it('refuses what is no directory, above too', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect((await checkWritable(path, file)).map(({ code }) => code)).toEqual(['CONFIG_PATH_UNWRITABLE']);
    expect((await checkWritable(path, join(file, 'below'))).map(({ code }) => code)).toEqual([
      'CONFIG_PATH_UNWRITABLE',
    ]);
    expect((await checkWritable(path, '/proc/1')).map(({ code }) => code)).toEqual(['CONFIG_PATH_UNWRITABLE']);
  });
});

describe('checkPrivate', () => {
  it.each([
    [0o600, []],
    [0o400, []],
    [0o640, ['CONFIG_PERMISSIONS']],
    [0o604, ['CONFIG_PERMISSIONS']],
  ])('of mode %o finds %j', async (mode, codes) => {
    const file = join(folder, `key-${mode}`);
    writeFileSync(file, 'x');
    chmodSync(file, mode);
    expect((await checkPrivate(path, file)).map(({ code }) => code)).toEqual(codes);
  });

  it('finds a file that is not there', async () => {
    mkdirSync(join(folder, 'keys'));
    expect(await checkPrivate(path, join(folder, 'keys/none'))).toMatchObject([{ code: 'CONFIG_FILE_UNREADABLE' }]);
  });
});

describe('checkCertificate', () => {
  const authority = createCertificateAuthority();
  const { cert: certificate, key } = authority.issue();
  const now = Date.now();
  const day = 86_400_000;

  it.each([
    ['a key of another', { certificate, key: authority.key }, now, /does not belong/],
    ['no certificate', { certificate: 'x', key }, now, /certificate cannot be read/],
    ['no key', { certificate, key: 'x' }, now, /key cannot be read/],
    ['a certificate of tomorrow', { certificate, key }, now - day, /not valid before/],
    ['a certificate of yesterday', { certificate, key }, now + 3 * day, /expired on/],
  ])('refuses %s', (_what, pair, at, reason) => {
    expect(checkCertificate(path, pair, at)).toEqual([
      {
        path,
        code: 'CONFIG_CERTIFICATE',
        severity: 'error',
        details: { reason: expect.stringMatching(reason) as string },
      },
    ]);
  });

  it('warns of a certificate that ends soon', () => {
    expect(checkCertificate(path, { certificate, key }, now)).toMatchObject([{ severity: 'warning' }]);
  });
});

describe('checkDescriptors', () => {
  const files = new MemoryFiles({
    '/proc/self/limits': 'Max open files            1024                 4096                 files\n',
  });

  it('compares with the soft limit, and is silent where there is none', async () => {
    expect(await checkDescriptors(path, 1_024, files)).toEqual([]);
    expect(await checkDescriptors(path, 1_025, files)).toEqual([
      { path, code: 'CONFIG_DESCRIPTORS', details: { wanted: 1_025, limit: 1_024 } },
    ]);
    expect(await checkDescriptors(path, 1e9, new MemoryFiles())).toEqual([]);
  });
});
