import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope, systemClock } from '@roundhouse/core';
import { openStore } from '@roundhouse/store';
import { createCertificateAuthority } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../log/silentLog.fixture.ts';
import { createServer } from '../server.ts';
import { type Examination, examine } from './examine.ts';

const TOKEN = 'a-token-of-this-test';
let home = '';

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'roundhouse-examine-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function examined(text: string): Promise<Examination> {
  const file = join(home, 'roundhouse.yaml');
  writeFileSync(file, text);
  using scope = createScope({ clock: systemClock });
  return await examine({ home, sources: { file }, variables: {} }, scope);
}

function outcomes({ findings }: Examination): Record<string, string> {
  return Object.fromEntries(findings.map(({ check, outcome }) => [check, outcome]));
}

describe('an examination', () => {
  it('looks at what the configuration names, and leaves no trace', async () => {
    const found = await examined('server: {port: 0}\nfront_door: {port: 0}\nlimits: {max_sessions: 10}\n');
    expect(outcomes(found)).toMatchObject({ 'data directory': 'ok', store: 'ok', 'open descriptors': 'ok' });
    expect(found.facts).toMatchObject({ ports: [], certificates: [], runtime: { isStrict: false } });
    expect(found.logFile).toBeNull();
    expect(readdirSync(home)).toEqual(['roundhouse.yaml']);
  });

  it('knows a server of ours, over TLS too, and what its certificate is worth', async () => {
    const { cert, key } = createCertificateAuthority().issue({ isExpired: true });
    const [certFile, keyFile] = [join(home, 'cert.pem'), join(home, 'key.pem')];
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key, { mode: 0o600 });
    const pair = createCertificateAuthority().issue();
    writeFileSync(join(home, 'own.pem'), pair.cert);
    writeFileSync(join(home, 'own.key'), pair.key, { mode: 0o600 });
    await using server = await createServer(
      { port: 0, token: TOKEN, version: '1', tls: { certFile: join(home, 'own.pem'), keyFile: join(home, 'own.key') } },
      { log: silentLog(), openSession: () => Promise.reject(new Error('no hosts here')) },
    );
    const { port } = await server.start();
    const tls = `{cert_file: ${certFile}, key_file: ${keyFile}}`;
    const found = await examined(`server: {port: ${port}, tls: ${tls}}\n`);
    expect(outcomes(found)).toMatchObject({ 'port api': 'ok', 'certificate api': 'fail' });
    expect(found.facts.ports).toEqual([{ name: 'api', host: '127.0.0.1', port, state: 'ours' }]);
  });

  it('is strict with a runtime that others can reach', async () => {
    const open = 'server: {host: 192.0.2.1, allow_remote: true, allow_plain: true}\n';
    const { facts } = await examined(open);
    expect(facts.runtime.isStrict).toBe(true);
    expect(facts.ports).toMatchObject([{ host: '192.0.2.1', state: 'no_such_address' }]);
  });

  it('asks the store that there is, and says why it cannot without its password', async () => {
    const file = join(home, 'roundhouse.db');
    using scope = createScope({ clock: systemClock });
    await (await openStore(`sqlite:${file}`, { clock: systemClock, log: silentLog().logger }, scope)).close();
    expect(outcomes(await examined('server: {port: 0}\n'))).toMatchObject({ store: 'ok' });
    writeFileSync(file, 'this is no database at all, and never was one, whatever its name says');
    expect(outcomes(await examined('server: {port: 0}\n'))).toMatchObject({ store: 'fail' });
    const url = 'postgres://roundhouse:planted-password@127.0.0.1:1/none';
    const away = await examined(`server: {port: 0}\nstore: {url: "${url}"}\n`);
    expect(outcomes(away)).toMatchObject({ store: 'fail' });
    expect(JSON.stringify(away)).not.toContain('planted-password');
    expect(away.secrets.map((secret) => secret.reveal())).toEqual([url]);
    expect(away.configuration).toMatchObject({ store: { url: '[secret]' } });
  });

  it('goes on without a configuration that is not valid', async () => {
    const found = await examined('server: {prot: 7070}\n');
    expect(found.findings[0]).toMatchObject({
      check: 'configuration',
      outcome: 'fail',
      message: expect.stringContaining('CONFIGURATION_INVALID') as string,
      nextStep: `See each fault with its line: roundhouse config check ${join(home, 'roundhouse.yaml')}`,
    });
    expect(found.findings.length).toBeGreaterThan(5);
    expect(found.configuration).toEqual({});
  });
});
