import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endpointOf, FakeApi, operationOf, Problem } from '../../api.fixture.ts';
import { EXIT } from '../../exit.ts';

let api: FakeApi;

beforeEach(async () => {
  api = await FakeApi.start();
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

describe('endpoint commands', () => {
  it('list all pages in columns', async () => {
    api.replies.listEndpoints = ({ query }) =>
      query['cursor'] === undefined
        ? { items: [endpointOf({ draining: true })], next_cursor: 'more' }
        : { items: [endpointOf({ id: 'b', host: '::1', group: null, max_sessions: 9 })], next_cursor: null };
    expect((await api.cli(['endpoint', 'list'])).stdout.split('\n')).toEqual([
      'ID     GROUP  HOST            STATUS             SESSIONS  LIMIT  WEIGHT  PRIORITY',
      'lpar1  prod   127.0.0.1:3271  healthy, draining  3         -      1       0',
      'b      -      [::1]:3271      healthy            3         9      1       0',
      '',
    ]);
    const { items } = JSON.parse((await api.cli(['endpoint', 'list', '--json'])).stdout) as { items: unknown[] };
    expect(items).toHaveLength(2);
  });

  it('say how to begin when there are none', async () => {
    api.replies.listEndpoints = { items: [], next_cursor: null };
    expect((await api.cli(['endpoint', 'list'])).stdout).toContain('roundhouse endpoint add ID HOST:PORT');
  });

  it('add one with what the options say', async () => {
    api.replies.createEndpoint = endpointOf();
    const settings = ['--group', 'prod', '--weight', '2', '--priority', '1', '--max-sessions', '50'];
    const argv = [
      'endpoint',
      'add',
      'lpar1',
      'host.example',
      ...settings,
      '--tls',
      '--probe',
      'tls',
      '--probe-url',
      'https://h/up',
    ];
    const { code, stdout } = await api.cli(argv);
    expect(code).toBe(EXIT.Ok);
    expect(stdout).toMatch(/^status +healthy$/m);
    expect(api.asked[0]?.body).toEqual({
      id: 'lpar1',
      host: 'host.example',
      port: 992,
      group: 'prod',
      weight: 2,
      priority: 1,
      max_sessions: 50,
      tls: true,
      probe: { kind: 'tls', url: 'https://h/up' },
    });
  });

  it('change what is named and keep the rest', async () => {
    api.replies.getEndpoint = endpointOf({
      tls: true,
      lu_pools: { A: 3 },
      labels: { env: 'prod' },
      version: 9,
      probe: { kind: 'tcp', interval_ms: 500 },
    });
    api.replies.putEndpoint = endpointOf();
    await api.cli(['endpoint', 'set', 'lpar1', '--weight', '7', '--probe', 'telnet']);
    await api.cli(['endpoint', 'set', 'lpar1', '10.0.0.9:23', '--no-tls']);
    const kept = {
      group: 'prod',
      priority: 0,
      max_sessions: null,
      lu_pools: { A: 3 },
      logons_per_s: null,
      labels: { env: 'prod' },
    };
    const puts = api.asked.filter(({ route }) => route === 'putEndpoint');
    expect(puts.map(({ headers }) => headers['if-match'])).toEqual(['"9"', '"9"']);
    expect(puts.map(({ body }) => body)).toEqual([
      { ...kept, host: '127.0.0.1', port: 3271, tls: true, weight: 7, probe: { kind: 'telnet', interval_ms: 500 } },
      { ...kept, host: '10.0.0.9', port: 23, tls: false, weight: 1, probe: { kind: 'tcp', interval_ms: 500 } },
    ]);
  });

  it('exit with 5 for one that there is not', async () => {
    const missing = (): Problem => new Problem(404, 'ENDPOINT_NOT_FOUND');
    Object.assign(api.replies, { getEndpoint: missing, deleteEndpoint: missing, getEndpointHealth: missing });
    for (const verb of ['show', 'set', 'remove', 'health']) {
      expect((await api.cli(['endpoint', verb, 'x'])).code, verb).toBe(EXIT.NotFound);
    }
  });

  it('remove several', async () => {
    expect((await api.cli(['endpoint', 'remove', 'a', 'b'])).stdout).toBe('removed a\nremoved b\n');
    expect(api.asked.map(({ id }) => id)).toEqual(['a', 'b']);
  });

  it('show what was measured, or that nothing was', async () => {
    const at = '2026-01-01T00:00:00.000Z';
    const step = { name: 'url_connect', ok: false, elapsed_ms: 12.4, code: 'CONNECT_REFUSED' };
    const entry = { at, status: 'unhealthy', outcome: 'failed', elapsed_ms: 12.4, code: 'CONNECT_REFUSED' };
    api.replies.getEndpointHealth = { status: 'unhealthy', checked_at: at, steps: [step], history: [entry] };
    const { stdout } = await api.cli(['endpoint', 'health', 'lpar1']);
    expect(stdout).toMatch(/^2026-01-01T00:00:00.000Z +unhealthy +failed +12 ms +CONNECT_REFUSED$/m);
    expect(stdout).toMatch(/^url_connect +12 ms +CONNECT_REFUSED$/m);
    api.replies.getEndpointHealth = { status: 'unknown', checked_at: null, steps: [], history: [] };
    expect((await api.cli(['endpoint', 'health', 'lpar1'])).stdout).toContain('Nothing has been measured yet.');
  });

  it('drain one, and let it take traffic again', async () => {
    api.replies.drainEndpoint = operationOf(['pending', 'in_progress', 'completed'], {
      kind: 'drain',
      session_id: null,
    });
    expect((await api.cli(['endpoint', 'drain', 'lpar1', '--deadline', '60s'])).stdout).toMatch(/^op_1\n/);
    const waited = await api.cli(['endpoint', 'drain', 'lpar1', '--wait']);
    expect([waited.code, waited.stdout.trimEnd().split('\n').length]).toEqual([EXIT.Ok, 3]);
    await api.cli(['endpoint', 'drain', 'lpar1', '--undo']);
    expect(api.asked.map(({ body }) => body)).toEqual([{ deadline_ms: 60_000 }, {}, { undo: true }]);
    expect((await api.cli(['endpoint', 'drain', 'lpar1', '--undo', '--deadline', '1s'])).code).toBe(EXIT.Usage);
  });
});
