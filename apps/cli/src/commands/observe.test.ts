import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeApi, Problem } from '../api.fixture.ts';
import { EXIT } from '../exit.ts';

let api: FakeApi;

beforeEach(async () => {
  api = await FakeApi.start();
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

const AT = '2026-01-01T00:00:00.000Z';

describe('usage', () => {
  it('shows each limit, and what is refused', async () => {
    const limits = [
      { name: 'sessions', used: 250, capacity: 1_000, unit: 'sessions', state: 'ok' },
      { name: 'memory', used: 9, capacity: null, unit: 'MB', state: 'ok' },
    ];
    api.replies.getUsage = { limits, degraded: ['new sessions'] };
    const { stdout } = await api.cli(['usage']);
    expect(stdout).toMatch(/^sessions +250 +1000 +25 % +sessions +ok$/m);
    expect(stdout).toMatch(/^memory +9 +no limit +- +MB +ok$/m);
    expect(stdout).toMatch(/\nRefused at present: new sessions\n$/);
  });
});

describe('log-level', () => {
  const modules = {
    '*': { level: 'info', own: true, until: null },
    sessions: { level: 'debug', own: true, until: AT },
  };

  it('shows all levels, or that of a module', async () => {
    api.replies.getLogLevels = { modules };
    expect((await api.cli(['log-level'])).stdout).toMatch(new RegExp(`^sessions +debug +own +${AT}$`, 'm'));
    expect((await api.cli(['log-level', 'sessions'])).stdout).not.toContain('*');
    expect((await api.cli(['log-level', 'sesions'])).stderr).toContain('did you mean sessions?');
  });

  it('changes one, for a while', async () => {
    api.replies.putLogLevel = { modules };
    expect((await api.cli(['log-level', 'sessions', 'debug', '--for', '10m'])).code).toBe(EXIT.Ok);
    expect(api.asked[0]).toMatchObject({ params: { module: 'sessions' }, body: { level: 'debug', ttl_ms: 600_000 } });
  });

  it.each([
    [['sessions', 'debgu'], 'did you mean debug?'],
    [['sessions', '--for', '1m'], 'it goes with a module and a level'],
  ])('refuses %j', async (argv, reason) => {
    const { code, stderr } = await api.cli(['log-level', ...argv]);
    expect([code, stderr, api.asked]).toEqual([EXIT.Usage, expect.stringContaining(reason), []]);
  });
});

describe('metrics', () => {
  const series = [
    {
      name: 'up',
      unit: null,
      labels: { a: 'b', c: 'd' },
      points: [
        [AT, 1],
        [AT, 2.5],
      ],
    },
    { name: 'none', unit: null, labels: {}, points: [] },
  ];

  it('shows the last point of each series, and what was slow', async () => {
    const slowest = [{ operation: 'openSession', count: 2, mean_ms: 7, max_ms: 1234.5, p99_ms: 12.34 }];
    api.replies.exportMetrics = { at: AT, series, slowest };
    const { stdout } = await api.cli(['metrics', '--name', 'up', 'no', '--since', '0', '--step', '5m']);
    expect(stdout).toMatch(/^up +a=b,c=d +2\.5\nnone +- +-$/m);
    expect(stdout).toMatch(/^openSession +2 +12\.3 ms +1230 ms$/m);
    const since = '1970-01-01T00:00:00.000Z';
    expect(api.asked[0]?.query).toEqual({ format: 'json', names: 'up,no', since, step_s: '300' });
  });

  it('passes the CSV of the server on', async () => {
    api.replies.exportMetrics = 'name,value\r\nup\u001b[2J,1\r\n';
    expect((await api.cli(['metrics', '--format', 'csv'])).stdout).toBe('name,value\nup·[2J,1\n');
    expect(api.asked[0]?.query).toEqual({ format: 'csv' });
  });
});

describe('config', () => {
  it('shows what is in force as YAML, or where it comes from', async () => {
    const values = { server: { port: 7070 }, note: 'x\u009b2J' };
    api.replies.getConfiguration = {
      file: '/etc/rh.yaml',
      loaded_at: AT,
      values,
      origins: { 'server.port': 'default' },
    };
    expect((await api.cli(['config', 'show'])).stdout).toBe(
      `# /etc/rh.yaml, in force since ${AT}\n\nserver:\n  port: 7070\nnote: "x\\u009b2J"\n`,
    );
    expect((await api.cli(['config', 'show', '--origins'])).stdout).toMatch(/^server\.port +default$/m);
  });

  it('reloads, or says what a reload would do', async () => {
    const change = { path: 'endpoints[east]', op: 'change', fields: ['weight'], action: 'live' };
    api.replies.reloadConfiguration = { applied: false, changes: [change], workers: [], warnings: ['careful'] };
    const { stdout, stderr } = await api.cli(['config', 'reload', '--dry-run']);
    expect(stdout).toMatch(/^change +endpoints\[east\] +weight +live\n\nNot applied/m);
    expect([stderr, api.asked[0]?.body]).toEqual(['warning: careful\n', { dry_run: true }]);
    api.replies.reloadConfiguration = { applied: true, changes: [], workers: [], warnings: [] };
    expect((await api.cli(['config', 'reload'])).stdout).toBe('Nothing has changed.\n');
    api.replies.reloadConfiguration = () => new Problem(422, 'CONFIGURATION_INVALID');
    expect((await api.cli(['config', 'reload'])).code).toBe(EXIT.ConfigInvalid);
  });
});

describe('errors', () => {
  it('explains one by its code, in any case of letters', async () => {
    const { code, stdout } = await api.cli(['errors', 'connect_refused']);
    expect(code).toBe(EXIT.Ok);
    expect(stdout).toMatch(
      /^code +CONNECT_REFUSED\ncause +\{peer\} refused .+\nadvice +\S.+\nretry +.+\nhttp_status +502\n$/,
    );
    const json = JSON.parse((await api.cli(['errors', 'CONNECT_REFUSED', '--json'])).stdout) as unknown;
    expect(json).toMatchObject({ code: 'CONNECT_REFUSED', status: 502, retryable: true });
  });

  it('lists those with a text, and finds the nearest', async () => {
    const { stdout } = await api.cli(['errors', '--filter', 'MIGRATION_TIME']);
    expect(stdout).toMatch(/^CODE +MESSAGE\nMIGRATION_TIMEOUT +\S.+\n$/);
    const { code, stderr } = await api.cli(['errors', 'CONECT_REFUSED']);
    expect([code, stderr]).toEqual([EXIT.Usage, expect.stringContaining('did you mean CONNECT_REFUSED?')]);
  });

  it('sets a value above the file for a while, lists what is set, and takes it back', async () => {
    const change = { path: 'endpoints[east]', op: 'change', fields: ['weight'], action: 'live' };
    api.replies.putOverride = { applied: true, changes: [change], workers: [], warnings: [] };
    api.replies.deleteOverride = { applied: true, changes: [], workers: [], warnings: [] };
    api.replies.listOverrides = { items: [{ path: 'endpoints[east].weight', by: 'root', expires_at: null }] };
    const path = 'endpoints[east].weight';
    expect((await api.cli(['config', 'override', path, '0', '--for', '2h'])).stdout).toMatch(/weight +live\n\nApplied/);
    await api.cli(['config', 'override', 'endpoints[east].host', 'b.example.com']);
    expect((await api.cli(['config', 'override'])).stdout).toMatch(
      /^endpoints\[east\]\.weight +root +the server stops$/m,
    );
    await api.cli(['config', 'override', path, '--remove']);
    expect(api.asked.map(({ route, body, query }) => [route, body, query])).toEqual([
      ['putOverride', { path, value: 0, ttl_ms: 7_200_000 }, {}],
      ['putOverride', { path: 'endpoints[east].host', value: 'b.example.com' }, {}],
      ['listOverrides', undefined, {}],
      ['deleteOverride', undefined, { path }],
    ]);
  });
});
