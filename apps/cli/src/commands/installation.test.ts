import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@roundhouse/core';
import { createServer, openLog, type Server } from '@roundhouse/server';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EXIT } from '../exit.ts';
import { writeLocalServer } from '../home.ts';
import { run } from '../main.ts';

const TOKEN = 'a-token-of-this-test';
const PASSWORD = 'planted-bind-password';

let server: Server;
let url = '';
let home = '';

beforeAll(async () => {
  server = await createServer(
    { port: 0, token: TOKEN, version: '9.9.9' },
    {
      log: await openLog({ filter: 'silent' }, { clock: systemClock }),
      openSession: () => Promise.reject(new Error('no hosts here')),
    },
  );
  ({ url } = await server.start());
  await server.resources.create(
    'endpoint',
    { id: 'tso1', host: '127.0.0.1', port: 23, probe: { kind: 'none' } },
    { by: 'test' },
  );
});
afterAll(() => server.stop());
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'roundhouse-installation-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function cli(argv: readonly string[], env: Record<string, string> = {}) {
  let [stdout, stderr] = ['', ''];
  const code = await run(argv, {
    version: '9.9.9',
    env: { ROUNDHOUSE_HOME: home, ...env },
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  });
  return { code, stdout, stderr };
}

interface Report {
  readonly outcome: string;
  readonly findings: ReadonlyArray<{ check: string; outcome: string; message: string; next_step: string | null }>;
}

describe('doctor', () => {
  /** This machine has faults of its own, like an old runtime. */
  async function report(argv: readonly string[] = [], env: Record<string, string> = {}): Promise<Report> {
    const { code, stdout } = await cli(['doctor', '--json', ...argv], env);
    const parsed = JSON.parse(stdout) as Report;
    expect(code).toBe(parsed.outcome === 'ok' ? EXIT.Ok : EXIT.Findings);
    const outcomes = new Set(parsed.findings.map(({ outcome }) => outcome));
    expect(parsed.outcome).toBe(outcomes.has('fail') ? 'fail' : outcomes.has('warn') ? 'warn' : 'ok');
    return parsed;
  }
  const of = ({ findings }: Report, check: string) => findings.find((each) => each.check === check);

  it('finds the server that runs here, and what is wrong with the data directory', async () => {
    chmodSync(home, 0o755);
    const found = await report([], { ROUNDHOUSE_PORT: new URL(url).port });
    expect(of(found, 'port api')).toMatchObject({
      outcome: 'ok',
      message: expect.stringMatching(/^a Roundhouse/) as string,
    });
    expect(of(found, 'data directory')).toMatchObject({ outcome: 'warn', next_step: `Close it: chmod go-rw ${home}` });
  });

  it('finds what stands at its port, in the file too, and tells people what to do', async () => {
    const other = createTcpServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const file = join(home, 'roundhouse.yaml');
    writeFileSync(file, `server: {port: ${port}}\n`);
    const { code, stdout } = await cli(['doctor', '--config', file]);
    other.close();
    expect(code).toBe(EXIT.Findings);
    expect(stdout).toContain(`fail  port api: something else listens at 127.0.0.1:${port}\n      Find it with: ss`);
    expect(stdout).toContain('It will not run as it should');
  });

  it('finds a configuration that is not valid, by its variable', async () => {
    const file = join(home, 'roundhouse.yaml');
    writeFileSync(file, 'sever: {}\n');
    expect(of(await report([], { ROUNDHOUSE_CONFIG: file }), 'configuration')).toMatchObject({ outcome: 'fail' });
    expect(of(await report(['--set', 'server.port=0']), 'configuration')).toBeUndefined();
  });
});

describe('support-bundle', () => {
  function unpacked(file: string): string {
    return execFileSync('tar', ['-xOzf', file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  it('has the state of the server, and nothing of its secrets', async () => {
    await writeLocalServer({ ROUNDHOUSE_HOME: home }, { url, token: TOKEN });
    const config = join(home, 'roundhouse.yaml');
    const log = join(home, 'roundhouse.log');
    const ldap = `{url: "ldaps://127.0.0.1", base_dn: "dc=x", bind_dn: "cn=x", bind_password: ${PASSWORD}}`;
    writeFileSync(config, `server: {port: 0}\nlog: {file: {path: ${log}}}\nauthentication: {ldap: ${ldap}}\n`);
    writeFileSync(log, `{"msg":"hello","token":"${TOKEN}"}\n{"msg":"bound with ${PASSWORD}, in ${home}"}\n`);
    const file = join(home, 'bundle.tar.gz');
    const { code, stdout, stderr } = await cli(['support-bundle', file, '--config', config], {
      SOME_VARIABLE: 'value-of-it',
    });
    expect([code, stderr]).toEqual([EXIT.Ok, '']);
    expect(stdout).toBe(`${file} is written. Have a look before you pass it on.\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const text = unpacked(file);
    for (const part of ['"tso1"', 'roundhouse_', '"check": "disk"', '"msg":"hello"', 'SOME_VARIABLE']) {
      expect(text).toContain(part);
    }
    for (const secret of [TOKEN, PASSWORD, 'value-of-it']) expect(text).not.toContain(secret);
  });

  it('is written without a server, which is said', async () => {
    const file = join(home, 'bundle.tar.gz');
    const { code, stdout, stderr } = await cli(['support-bundle', file, '--json', '--set', 'server.port=0']);
    expect(code).toBe(EXIT.Ok);
    expect(stderr).toContain('left out what the server would say: There is no token');
    const bytes = readFileSync(file);
    expect(JSON.parse(stdout)).toEqual({ file, bytes: bytes.length, server: false });
    expect(unpacked(file)).toContain('"check": "disk"');
  });

  it('overwrites nothing', async () => {
    const file = join(home, 'mine');
    writeFileSync(file, 'mine');
    const { code, stderr } = await cli(['support-bundle', file, '--set', 'server.port=0']);
    expect(code).toBe(EXIT.Usage);
    expect(stderr).toContain('EEXIST');
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });
});
