import { workerInputSchema } from '@roundhouse/api';
import { describe, expect, it } from 'vitest';
import { importSupervisord } from './supervisord.ts';

/** Keys of docs/configuration.rst of supervisor 4.2, as they are found together. */
const CONFIGURATION = `; supervisord.conf
[unix_http_server]
file=/var/run/supervisor.sock   ; the path to the socket file

[supervisord]
logfile=/var/log/supervisord.log ; main log file

[program:web]
command=/srv/venv/bin/gunicorn --bind 127.0.0.1:8000 --name "my app" app:app ; the program
directory=/srv/app
user=www-data
umask=022
priority=10
autostart=true
autorestart=true
startsecs=5
startretries=3
stopsignal=INT
stopwaitsecs=20
stopasgroup=true
killasgroup=true
redirect_stderr=true
stdout_logfile=/var/log/web.log
stdout_logfile_maxbytes=50MB
stdout_logfile_backups=3
environment=DJANGO_SETTINGS="shop.settings, prod",LANG='C.UTF-8',
    DEBUG=0,HOME="%(ENV_HOME)s",RATE="5%%"

[program:celery]
command=celery -A app worker
    --concurrency 4
    -n %(program_name)s@%(host_node_name)s
process_name=%(program_name)s_%(process_num)02d
numprocs=3
exitcodes=0,2
stopsignal=RTMIN

[program:shard]
command=/srv/shard --port=80%(process_num)02d
process_name=shard_%(process_num)02d
numprocs=2
numprocs_start=8
autorestart=false
autostart=no

[group:background]
programs=celery, other
priority=999

[eventlistener:memmon]
command=memmon -g foo=200MB
events=TICK_60

[include]
files = conf.d/*.conf
`;

describe('a configuration of supervisord', () => {
  const { workers, notes } = importSupervisord(CONFIGURATION);
  const [web, celery, eight, nine] = workers;

  it('becomes workers that fit the schema', () => {
    for (const worker of workers) expect(workerInputSchema.safeParse(worker).error).toBeUndefined();
    expect(workers.map(({ id }) => id)).toEqual(['web', 'celery', 'shard_08', 'shard_09']);
  });

  it('keeps what means the same here', () => {
    expect(web).toEqual({
      id: 'web',
      command: ['/srv/venv/bin/gunicorn', '--bind', '127.0.0.1:8000', '--name', 'my app', 'app:app'],
      working_directory: '/srv/app',
      user: 'www-data',
      umask: '022',
      environment: {
        DJANGO_SETTINGS: 'shop.settings, prod',
        LANG: 'C.UTF-8',
        DEBUG: '0',
        HOME: '%(ENV_HOME)s',
        RATE: '5%',
      },
      stop: { signal: 'INT', grace: '20s', whole_group: true },
      restart: {
        policy: 'always',
        reset_after: '5s',
        context_aware: { default: { max_retries: 3, retry_delay: '1s', backoff_rate: 1.5 } },
      },
      logs: { max_size: 50 * 1024 * 1024, max_files: 3 },
    });
    expect(celery).toEqual({
      id: 'celery',
      command: ['celery', '-A', 'app', 'worker', '--concurrency', '4', '-n', 'celery@%(host_node_name)s'],
      group: 'background',
      replicas: 3,
      stop: { whole_group: false },
      restart: { policy: 'on_failure', success_exit_codes: [0, 2] },
    });
  });

  it('makes a worker of each process where they differ', () => {
    expect(eight).toMatchObject({
      id: 'shard_08',
      group: 'shard',
      enabled: false,
      command: ['/srv/shard', '--port=8008'],
      restart: { policy: 'never' },
    });
    expect(nine?.command).toEqual(['/srv/shard', '--port=8009']);
  });

  it.each([
    'web: `priority`',
    'web: `redirect_stderr`',
    'web: `stdout_logfile`',
    'web: `startretries`',
    'web: `environment` has `%(ENV_HOME)s`',
    'celery: `command` has `%(host_node_name)s`',
    'celery: `stopsignal`',
    '`[supervisord]`',
    '`[unix_http_server]`',
    '`[eventlistener:memmon]`',
    '`[include]`',
    '`[group:background]` `priority`',
    'supervisord passes on',
  ])('tells of %s', (beginning) => {
    expect(notes.filter((note) => note.startsWith(beginning))).toHaveLength(1);
  });
});

describe('what is no configuration of supervisord', () => {
  it.each([
    ['key=value', 'a key stands before the first section', 1],
    ['[program:a]\nnonsense', '"nonsense" is no key with a value', 2],
    ['\n[program:a]\nuser=b', '[program:a] has no `command`', 2],
    ['[program:a]\ncommand=a "b', 'a quote is not closed', 2],
    ['[program:a]\ncommand=a\nnumprocs=x', 'numprocs is no whole number', 3],
    ['[program:a]\ncommand=a\nnumprocs=0', 'numprocs is not from 1 to 1000', 1],
    ['[program:a]\ncommand=a\nautostart=perhaps', 'autostart is neither true nor false', 3],
    ['[program:a]\ncommand=a\nenvironment=A="1" B', '`environment` is not written as KEY="value",…', 3],
    [`[program:a]\nnumprocs=1000\ncommand=%(process_num)d${'x'.repeat(5_000)}`, '[program:a] becomes too long', 1],
    [`[program:${'a'.repeat(257)}]\ncommand=a`, 'a name is longer than 256', 1],
    ['[program:]\ncommand=a', 'a program has no name', 1],
    ['[group:x]\npriority=1', '[group:x] has no `programs`', 1],
  ])('%.60j', (text, reason, line) => {
    expect(() => importSupervisord(text)).toThrow(
      expect.objectContaining({
        code: 'IMPORT_INVALID',
        details: { format: 'supervisord configuration', reason, line },
      }),
    );
  });
});
