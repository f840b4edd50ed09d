import { workerInputSchema } from '@roundhouse/api';
import { describe, expect, it } from 'vitest';
import { importPm2 } from './pm2.ts';

/** Fields of docs/reference/ecosystem-file of PM2, in use together. */
const ECOSYSTEM = {
  apps: [
    {
      name: 'api',
      script: './dist/server.js',
      args: '--port 8080 --title "My API"',
      node_args: ['--max-old-space-size=512'],
      cwd: '/srv/api',
      instances: 4,
      exec_mode: 'cluster',
      env: { NODE_ENV: 'production', WORKERS: 2, VERBOSE: true },
      env_staging: { NODE_ENV: 'staging' },
      max_memory_restart: '300M',
      max_restarts: 10,
      min_uptime: '5s',
      exp_backoff_restart_delay: 100,
      kill_timeout: 3000,
      wait_ready: true,
      listen_timeout: 5000,
      stop_exit_codes: [0, 3],
      out_file: '/var/log/api.log',
      merge_logs: true,
      watch: false,
      uid: 'www-data',
      gid: 33,
      namespace: 'shop',
      treekill: false,
      vizion: false,
      cron_restart: '0 3 * * *',
    },
    {
      name: 'nightly report',
      script: 'report.py',
      interpreter: '/usr/bin/python3',
      cwd: '/srv',
      autorestart: false,
      cron_restart: '30 2 * * *',
    },
    { script: '/usr/local/bin/agent', restart_delay: 4000, port: 9000 },
    { name: 'front', script: 'npm', args: ['run', 'start'], cwd: '/srv/front', instances: 'max' },
    { name: 'piped', script: 'cat /var/log/x | grep err', cwd: '/srv' },
  ],
  deploy: { production: { user: 'node' } },
};

describe('an ecosystem of PM2', () => {
  const { workers, notes } = importPm2(JSON.stringify(ECOSYSTEM));
  const [api, report, agent, front, piped] = workers;

  it('becomes workers that fit the schema', () => {
    for (const worker of workers) expect(workerInputSchema.safeParse(worker).error).toBeUndefined();
    expect(workers.map(({ id }) => id)).toEqual(['api', 'nightly-report', 'agent', 'front', 'piped']);
  });

  it('keeps what means the same here', () => {
    expect(api).toEqual({
      id: 'api',
      command: ['node', '--max-old-space-size=512', './dist/server.js', '--port', '8080', '--title', 'My API'],
      working_directory: '/srv/api',
      environment: { NODE_ENV: 'production', WORKERS: '2', VERBOSE: 'true' },
      user: 'www-data',
      group_of_user: '33',
      group: 'shop',
      replicas: 4,
      stop: { signal: 'INT', grace: '3000ms', whole_group: false },
      restart: {
        backoff: { initial: '100ms', max: '15s', factor: 1.5, jitter: 0 },
        rules: [{ exit_codes: [0, 3], action: 'stop' }],
        context_aware: { default: { max_retries: 10, retry_delay: '100ms', backoff_rate: 1.5 } },
        reset_after: '5000ms',
      },
      limits: { memory: { max_rss: 300 * 1024 * 1024, policy: 'restart' } },
    });
    expect(report).toMatchObject({
      command: ['/usr/bin/python3', 'report.py'],
      restart: { policy: 'never' },
      schedule: '30 2 * * *',
    });
    expect(agent).toMatchObject({
      command: ['/usr/local/bin/agent'],
      environment: { PORT: '9000' },
      restart: { backoff: { initial: '4000ms', max: '4000ms', factor: 1, jitter: 0 } },
    });
    expect(front).toMatchObject({ command: ['npm', 'run', 'start'] });
    expect(front?.replicas).toBeUndefined();
    expect(piped).toMatchObject({ command: ['/bin/sh', '-c', 'cat /var/log/x | grep err'] });
  });

  it.each([
    'deploy',
    'env_staging',
    'exec_mode',
    'max_restarts',
    'wait_ready',
    'listen_timeout',
    'out_file',
    'merge_logs',
    'treekill',
    'cron_restart',
    'instances',
    'name',
  ])('tells of %s', (key) => {
    expect(notes.filter((note) => note.includes(`\`${key}\``))).not.toEqual([]);
  });

  it('tells of nothing that is switched off', () => {
    expect(notes.join()).not.toMatch(/`(watch|vizion)`/);
  });
});

it('takes a list of apps, and an app by itself', () => {
  expect(importPm2('[{"script":"/srv/a.js"},{"script":"/srv/a.js"}]').workers.map(({ id }) => id)).toEqual([
    'a',
    'a-2',
  ]);
  expect(importPm2({ script: '/srv/a.js' }).workers).toHaveLength(1);
});

it('leaves out, and tells of, what no worker may have', () => {
  const { workers, notes } = importPm2({
    apps: [
      {
        script: '/a',
        cwd: 'relative',
        env: { 'BAD-NAME': 'x', GOOD: 'y' },
        kill_timeout: 'soon',
        stop_exit_codes: [999],
      },
    ],
  });
  expect(workers).toEqual([
    { id: 'a', command: ['/a'], environment: { GOOD: 'y' }, stop: { signal: 'INT' }, restart: {} },
  ]);
  expect(notes).toEqual(
    expect.arrayContaining([
      expect.stringContaining('a: `working_directory` is left out: Expected an absolute path'),
      expect.stringContaining('a: `environment.BAD-NAME` is left out'),
      expect.stringContaining('a: `kill_timeout` is left out: expected a number'),
      expect.stringContaining('a: `restart.rules.0.exit_codes.0` is left out'),
    ]),
  );
});

describe('what is no ecosystem', () => {
  it.each([
    ['module.exports = { apps: [] }', 'it is not JSON', undefined],
    ['{\n "apps": [\n  {,}\n ]}', 'it is not JSON', 3],
    ['"text"', 'it is neither an object nor a list of apps', undefined],
    ['{"name":"x"}', 'it has no `apps`', undefined],
    ['{"apps":[{"name":"x"}]}', 'app 1 has no `script`', undefined],
    ['{"apps":[7]}', 'app 1 is no object', undefined],
    [`"${' '.repeat(1_048_576)}"`, 'it is longer than 1 MiB', undefined],
  ])('%.40s', (text, reason, line) => {
    expect(() => importPm2(text)).toThrow(
      expect.objectContaining({
        code: 'IMPORT_INVALID',
        details: { format: 'PM2 ecosystem', reason, ...(line !== undefined && { line }) },
      }),
    );
  });

  it('says how to have a program say what it exports', () => {
    expect(() => importPm2('module.exports = {}')).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('node -p') }),
    );
  });
});
