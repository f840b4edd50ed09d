import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { coreError, Secret } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { parseLogFilter } from '../log/filter.ts';
import { LogLevels } from '../log/levels.ts';
import { createLogger } from '../log/logger.ts';
import { RecentLines } from '../log/recentLines.ts';
import { doctor } from './doctor.ts';
import { NOW, WELL } from './facts.fixture.ts';
import { supportBundle, type SupportContents } from './supportBundle.ts';

const CONTENTS: SupportContents = {
  version: '1.2.3',
  facts: WELL,
  findings: doctor(WELL),
  configuration: { listen: '127.0.0.1:7070' },
  metrics: 'roundhouse_sessions{state="active"} 3\n',
  slowest: [],
  logLines: [],
  environment: { ROUNDHOUSE_HOME: '/x' },
  resources: { endpoint: [{ id: 'tso1' }] },
  secrets: [],
};

/** The files of a bundle as the `tar` of the system unpacks them. */
async function unpack(contents: SupportContents): Promise<ReadonlyMap<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'roundhouse-support-'));
  try {
    writeFileSync(join(folder, 'bundle.tar.gz'), await supportBundle(contents, NOW));
    execFileSync('tar', ['-xzf', 'bundle.tar.gz'], { cwd: folder, stdio: 'pipe' });
    const root = join(folder, 'roundhouse-support');
    const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
      statSync(join(root, name)).isFile(),
    );
    for (const name of names) {
      const { mode, mtimeMs } = statSync(join(root, name));
      expect([mode & 0o777, mtimeMs]).toEqual([0o600, NOW]);
    }
    return new Map(names.map((name) => [name, readFileSync(join(root, name), 'utf8')]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('the support bundle', () => {
  it('has what helps, in an archive that any tar reads', async () => {
    const files = await unpack({ ...CONTENTS, logLines: ['{"msg":"a"}\n', 'no JSON\n'] });
    expect([...files.keys()].toSorted()).toEqual([
      'README.txt',
      'configuration.json',
      'doctor.json',
      'environment.json',
      'log.jsonl',
      'metrics.txt',
      'resources/endpoint.json',
      'slowest.json',
      'version.json',
    ]);
    const read = (name: string): unknown => JSON.parse(files.get(name) as string);
    expect(read('version.json')).toMatchObject({ version: '1.2.3', taken_at: '2026-11-21T00:00:00.000Z' });
    expect(read('doctor.json')).toMatchObject({ findings: CONTENTS.findings, facts: WELL });
    expect(read('configuration.json')).toEqual({ listen: '127.0.0.1:7070' });
    expect(read('resources/endpoint.json')).toEqual([{ id: 'tso1' }]);
    expect(read('environment.json')).toEqual({ names: ['ROUNDHOUSE_HOME'] });
    expect(files.get('metrics.txt')).toBe(CONTENTS.metrics);
    expect(files.get('log.jsonl')).toBe('{"msg":"a"}\nno JSON\n');
  });

  it('shows no secret, wherever it stands', async () => {
    let planted = 0;
    /** Each one is another, so that the one that gets out is known. */
    const secret = (): string => `Hunter22-${planted++}-"quoted" end`;
    const word = (): string => `hunter22x${planted++}x`;
    const known = [secret(), secret(), word(), word()] as const;
    const recent = new RecentLines();
    const clock = new FakeClock();
    const levels = new LogLevels(parseLogFilter('debug', []), [], clock);
    const logger = createLogger({ levels, clock, destination: recent }).child({ token: secret() });
    logger.info('signed in', { user: 'joe', password: secret(), headers: { cookie: secret(), 'x-api-key': secret() } });
    logger.error('failed', {
      url: `postgres://app:${word()}@db/x`,
      error: coreError('INTERNAL', { details: { client_secret: secret() }, cause: new Error(`Bearer ${word()}`) }),
      value: new Secret(secret()),
    });
    logger.info(`the message has ${known[0]}`);
    const contents: SupportContents = {
      ...CONTENTS,
      configuration: {
        tls: { key: secret(), private_key: secret(), cert: '/etc/api.pem' },
        store: { url: `postgres://app:${word()}@db/roundhouse` },
        deep: {
          a: { b: { c: { d: { e: { f: { g: { h: { api_key: secret(), list: [{ password: secret() }] } } } } } } } },
        },
        secret: new Secret(secret()),
        innocent: `but ${known[1]} is here`,
        webhook: { secrets: [`whsec_${word()}`] },
        notes: `-----BEGIN PRIVATE KEY-----\n${word()}\n-----END PRIVATE KEY-----`,
      },
      metrics: `roundhouse_x{code="${known[2]}"} 1\nroundhouse_y{url="https://u:${word()}@h/"} 1\n`,
      logLines: [...recent.list(), `no JSON, but Authorization: Basic ${word()}\n`],
      environment: { ROUNDHOUSE_TOKEN: known[3], HOME: word(), PATH: word() },
      resources: {
        principal: [{ id: 'joe', password_hash: secret(), keys: [{ id: 'k', secret: secret() }] }],
        webhook: [
          {
            id: 'w',
            url: `https://x/?token=${word()}`,
            label: `${known[3]} again`,
            from: encodeURIComponent(known[0]),
          },
        ],
      },
      slowest: [{ operation: `GET /x?password=${word()}`, count: 1, mean_ms: 1, p99_ms: 1, max_ms: 1 }],
      findings: [{ check: 'store', outcome: 'fail', message: `ldap://cn=x:${word()}@host refused`, nextStep: null }],
      secrets: known.slice(0, 3).map((value) => new Secret(value)),
    };
    expect(planted).toBeGreaterThan(25);
    const files = await unpack(contents);
    for (const [name, text] of files) {
      expect(text.match(/hunter22[^\s]*/gi), name).toBeNull();
    }
    const all = [...files.values()].join('\n');
    for (const kept of ['joe', 'signed in', '/etc/api.pem', 'ROUNDHOUSE_TOKEN', 'roundhouse_x'])
      expect(all).toContain(kept);
  });

  it('bears what is very long and very deep', async () => {
    const deep: Record<string, unknown> = {};
    deep['deep'] = deep;
    const files = await unpack({ ...CONTENTS, configuration: deep, metrics: 'x'.repeat(20_000_000) });
    expect(files.get('metrics.txt')).toHaveLength(16_777_216);
    expect(files.get('configuration.json')).toContain('[too deep]');
  });
});
