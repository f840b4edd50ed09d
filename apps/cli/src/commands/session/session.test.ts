import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeApi, operationOf, Problem, sessionOf } from '../../api.fixture.ts';
import { EXIT } from '../../exit.ts';

let api: FakeApi;

beforeEach(async () => {
  api = await FakeApi.start();
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

const FAILED = operationOf(['pending', 'in_progress', 'failed'], {
  rolled_back: true,
  error: { code: 'CONNECT_REFUSED', message: 'b:23 refused', hint: 'Start it.' },
});

describe('session open', () => {
  it('lets a group choose the host', async () => {
    api.replies.createSession = sessionOf({ group: 'prod', endpoint: 'lpar1' });
    const options = ['--endpoint', 'lpar1', '--affinity-key', 'joe', '--model', '3278-2'];
    const { code, stdout } = await api.cli(['session', 'open', '--group', 'prod', ...options]);
    expect(code).toBe(EXIT.Ok);
    expect(stdout).toMatch(/^ses_1\n/);
    expect(stdout).toMatch(/^endpoint +lpar1$/m);
    expect(api.asked[0]?.body).toEqual({
      group: 'prod',
      endpoint: 'lpar1',
      affinity_key: 'joe',
      model: '3278-2',
      wait: 'screen',
    });
  });

  it.each([
    [[], 'give HOST:PORT, or a group'],
    [['h:1', '--group', 'g'], 'the group chooses it'],
    [['h:1', '--endpoint', 'e'], 'it goes with --group only'],
    [['h:1', '--affinity-key', 'k'], 'it goes with --group only'],
    [['--group', 'g', '--tls'], 'the endpoints of the group say'],
  ])('refuses %j', async (args, reason) => {
    const { code, stderr } = await api.cli(['session', 'open', ...args]);
    expect([code, api.asked]).toEqual([EXIT.Usage, []]);
    expect(stderr).toContain(reason);
  });
});

describe('session suspend and resume', () => {
  it('say what they have done', async () => {
    api.replies.suspendSession = operationOf(['pending', 'in_progress', 'completed'], { kind: 'suspend' });
    api.replies.resumeSession = operationOf(['pending', 'in_progress', 'completed'], { kind: 'resume' });
    expect(await api.cli(['session', 'suspend', 'ses_1', '--timeout', '30m'])).toMatchObject({
      code: EXIT.Ok,
      stdout: 'suspended ses_1\n',
    });
    expect((await api.cli(['session', 'resume', 'ses_1'])).stdout).toBe('resumed ses_1\n');
    expect(api.asked.map(({ route, body }) => [route, body])).toEqual([
      ['suspendSession', { timeout_ms: 1_800_000 }],
      ['resumeSession', undefined],
    ]);
  });

  it('fail as the server does', async () => {
    api.replies.resumeSession = () => new Problem(409, 'SESSION_NOT_SUSPENDED');
    expect(await api.cli(['session', 'resume', 'ses_1'])).toMatchObject({
      code: EXIT.Failure,
      stderr: expect.stringContaining('code: SESSION_NOT_SUSPENDED') as string,
    });
    api.replies.suspendSession = FAILED;
    expect((await api.cli(['session', 'suspend', 'ses_1'])).code).toBe(EXIT.Failure);
  });
});

describe('session migrate', () => {
  it.each([
    ['lpar2', { endpoint: 'lpar2' }],
    ['10.0.0.2:992', { host: '10.0.0.2', port: 992 }],
    ['[::1]:3271', { host: '::1', port: 3271 }],
  ])('to %s starts an operation and names it', async (to, target) => {
    api.replies.migrateSession = operationOf(['pending']);
    const { code, stdout } = await api.cli(['session', 'migrate', 'ses_1', '--to', to, '--mode', 'relogon']);
    expect(code).toBe(EXIT.Ok);
    expect(stdout).toMatch(/^op_1\n/);
    expect(stdout).toMatch(/^status +pending$/m);
    expect(api.asked[0]).toMatchObject({ id: 'ses_1', body: { ...target, mode: 'relogon' } });
  });

  it('with --wait shows each step once, then where the session is', async () => {
    const life = ['pending', 'in_progress', 'snapshot_created', 'reconnecting', 'completed'] as const;
    const reached = [3, 3, 5];
    api.replies.migrateSession = operationOf(['pending']);
    api.replies.getOperation = () =>
      operationOf(life.slice(0, reached.shift()), { relogged: true, indeterminate_inputs: 1 });
    const { code, stdout } = await api.cli(['session', 'migrate', 'ses_1', '--to', 'lpar2', '--wait']);
    expect(code).toBe(EXIT.Ok);
    expect(stdout.split('\n')).toEqual([
      ...life.map((status, second) => `2026-01-01T00:00:0${second}.000Z  ${status}`),
      'ses_1 is on lpar2',
      'the session began anew: log on again',
      'inputs that may or may not have taken effect: 1',
      '',
    ]);
  });

  it('with --wait fails as the operation does', async () => {
    api.replies.migrateSession = FAILED;
    const { code, stdout, stderr } = await api.cli(['session', 'migrate', 'ses_1', '--to', 'lpar2', '--wait']);
    expect(code).toBe(EXIT.Failure);
    expect(stdout).toMatch(/  failed\neverything is as it was before\n$/);
    expect(stderr).toBe('roundhouse: b:23 refused\n  hint: Start it.\n  code: CONNECT_REFUSED\n');
  });

  it('with --wait and --json writes how it ended, and nothing else', async () => {
    api.replies.migrateSession = FAILED;
    const { code, stdout, stderr } = await api.cli(['session', 'migrate', 'x', '--to', 'lpar2', '--wait', '--json']);
    expect(code).toBe(EXIT.Failure);
    expect(JSON.parse(stdout)).toEqual(FAILED);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'CONNECT_REFUSED', details: { rolled_back: true } } });
  });
});

describe('session snapshot and explain', () => {
  it('writes a snapshot as it came', async () => {
    const snapshot = { version: 1, screen: { rows: 24 }, integrity: { digest: 'x' } };
    api.replies.getSnapshot = snapshot;
    expect(JSON.parse((await api.cli(['session', 'snapshot', 'ses_1'])).stdout)).toEqual(snapshot);
  });

  it('explains by reason and candidates', async () => {
    api.replies.explainSession = {
      session_id: 'ses_1',
      endpoint: 'lpar1',
      decision: {
        at: '2026-01-01T00:00:00.000Z',
        group: 'prod',
        strategy: 'p2c',
        affinity: 'none',
        reason: 'the less loaded of two',
        candidates: [
          { endpoint: 'lpar1', eligible: true, score: 0.123456, reason: 'chosen' },
          { endpoint: 'lpar2', eligible: false, score: null, reason: 'unhealthy' },
        ],
      },
    };
    const { stdout } = await api.cli(['session', 'explain', 'ses_1']);
    expect(stdout).toMatch(/^reason +the less loaded of two$/m);
    expect(stdout).toMatch(/^lpar1 +yes +0\.1235 +chosen\nlpar2 +no +- +unhealthy$/m);
  });

  it('says that a named host needs no reason', async () => {
    api.replies.explainSession = { session_id: 'ses_1', endpoint: null, decision: null };
    expect((await api.cli(['session', 'explain', 'ses_1'])).stdout).toContain('it named the host');
  });
});
