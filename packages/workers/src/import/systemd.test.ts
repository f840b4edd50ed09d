import { workerInputSchema } from '@roundhouse/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { importSystemd } from './systemd.ts';

const API = `# /etc/systemd/system/api.service
[Unit]
Description=The API of %p
Documentation=https://example.org/api
After=network-online.target database.service migrate.service
Wants=network-online.target
Requires=database.service
StartLimitBurst=5

[Service]
Type=notify
User=api
Group=www
WorkingDirectory=/srv/api
Environment="NODE_ENV=production" 'TITLE=My API'
Environment=OPTS="--a 1" PORT=8080
EnvironmentFile=-/etc/default/api
ExecStartPre=/usr/bin/install -d /run/api
ExecStart=/usr/bin/node --title "\${TITLE}" $OPTS --cost $$5 \\
# a comment within
  --port=\${PORT} %i server.js
ExecReload=/bin/kill -HUP $MAINPID
ExecStop=/srv/api/bin/drain --fast
Restart=on-failure
RestartSec=2s 500ms
RestartPreventExitStatus=78 SIGABRT
SuccessExitStatus=143 SIGINT TEMPFAIL
TimeoutStartSec=2min
TimeoutStopSec=45
KillSignal=SIGQUIT
KillMode=mixed
LimitNOFILE=1024:65536
LimitNPROC=100
MemoryMax=512M
MemoryHigh=400M
MemorySwapMax=0
CPUQuota=150%
CPUWeight=200
TasksMax=infinity
Nice=-5
OOMScoreAdjust=100
UMask=0027
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
ProtectSystem=strict

[Install]
WantedBy=multi-user.target
Alias=shop.service
`;

const DATABASE = `[Unit]
Description=Database
Before=migrate.service
[Service]
ExecStart=@/usr/lib/postgresql/bin/postgres postgres -D /var/lib/db
ExecStart=
ExecStart=-/usr/lib/postgresql/bin/postgres -D /var/lib/db
Restart=always
CapabilityBoundingSet=CAP_CHOWN CAP_SETUID
LimitCPU=infinity
MemoryMax=50%
PrivateTmp=no
[X-Notes]
Key=value
`;

const MIGRATE = `[Service]
Type=oneshot
ExecStart=/usr/bin/find /srv -name '*.sql' -exec cat {} ';' ; /usr/bin/true
ExecStart=/usr/bin/echo done
RemainAfterExit=yes
`;

describe('services of systemd', () => {
  const { workers, notes } = importSystemd([
    { name: 'api.service', text: API },
    { name: 'database', text: DATABASE },
    { name: 'migrate.service', text: MIGRATE },
  ]);
  const [api, database, migrate] = workers;

  it('become workers that fit the schema', () => {
    for (const worker of workers) expect(workerInputSchema.safeParse(worker).error).toBeUndefined();
  });

  it('keep what means the same here', () => {
    expect(api).toEqual({
      id: 'api',
      description: 'The API of api',
      command: ['/usr/bin/node', '--title', 'My API', '--a', '1', '--cost', '$5', '--port=8080', 'server.js'],
      working_directory: '/srv/api',
      environment: { NODE_ENV: 'production', TITLE: 'My API', OPTS: '--a 1', PORT: '8080' },
      environment_files: ['/etc/default/api'],
      user: 'api',
      group_of_user: 'www',
      umask: '027',
      nice: -5,
      oom_score_adjust: 100,
      no_new_privileges: true,
      depends_on: [
        { worker: 'database', condition: 'started', cascade: 'stop' },
        { worker: 'migrate', condition: 'completed', cascade: 'none' },
      ],
      restart: {
        policy: 'on_failure',
        backoff: { initial: '2500ms', max: '2500ms', factor: 1, jitter: 0 },
        success_exit_codes: [0, 143],
        rules: [
          { exit_codes: [78], signals: ['SIGABRT'], action: 'fail' },
          { signals: ['SIGINT'], action: 'stop' },
        ],
      },
      probes: { startup: { notify: true, period: '1000ms', failure_threshold: 120 } },
      stop: {
        signal: 'QUIT',
        grace: '45000ms',
        whole_group: false,
        pre_stop: { command: ['/srv/api/bin/drain', '--fast'] },
      },
      reload_signal: 'HUP',
      limits: {
        memory: { max_rss: 512 * 1024 * 1024, max_swap: 0, policy: 'restart' },
        cpu: { max_percent: 150, shares: 200, policy: 'throttle' },
        io: { max_file_descriptors: 65_536 },
      },
    });
    expect(database).toEqual({
      id: 'database',
      description: 'Database',
      command: ['/usr/lib/postgresql/bin/postgres', '-D', '/var/lib/db'],
      keep_capabilities: ['CAP_CHOWN', 'CAP_SETUID'],
      restart: { policy: 'always' },
    });
    expect(migrate).toEqual({
      id: 'migrate',
      command: ['/usr/bin/find', '/srv', '-name', '*.sql', '-exec', 'cat', '{}', ';'],
      depends_on: [{ worker: 'database', condition: 'started', cascade: 'none' }],
      restart: { policy: 'never' },
    });
  });

  it.each([
    'api: `After` names what is not taken over with it: network-online.target',
    'api: `Documentation`',
    'api: `StartLimitBurst`',
    'api: `EnvironmentFile` with `-`',
    'api: `EnvironmentFile` is weaker',
    'api: `ExecStartPre`',
    'api: `RestartSec`',
    'api: `SuccessExitStatus` TEMPFAIL',
    'api: `LimitNOFILE` 1024:65536',
    'api: `LimitNPROC`',
    'api: `MemoryHigh`',
    'api: `CapabilityBoundingSet`',
    'api: `ProtectSystem`',
    'api: `Alias`',
    'database: `ExecStart` `-`',
    'database: `MemoryMax` 50%',
    'database: `PrivateTmp`',
    'database: `[X-Notes]`',
    'migrate: `ExecStart` has 2 more',
    'migrate: `RemainAfterExit`',
  ])('tell of %s', (beginning) => {
    expect(notes.filter((note) => note.startsWith(beginning))).toHaveLength(1);
  });

  it('take instances of templates, with what their name stands for', () => {
    const {
      workers: [worker],
      notes: told,
    } = importSystemd([
      { name: 'web@8080.service', text: '[Service]\nExecStart=/srv/%p --port %i --host %H --done 5%%\n' },
    ]);
    expect(worker).toMatchObject({
      id: 'web-8080',
      command: ['/srv/web', '--port', '8080', '--host', '%H', '--done', '5%'],
    });
    expect(told).toEqual(expect.arrayContaining([expect.stringContaining('has `%H`, which is not known here')]));
  });

  it.each([
    ['Restart=on-success', { policy: 'never', rules: [{ exit_codes: [0], action: 'restart' }] }],
    ['Restart=on-abort', { policy: 'on_failure' }],
    ['', { policy: 'never' }],
    ['Restart=always\nRestartForceExitStatus=1', { policy: 'always', rules: [{ exit_codes: [1], action: 'restart' }] }],
  ])('restart as they did: %j', (lines, restart) => {
    const {
      workers: [worker],
    } = importSystemd([{ name: 'a', text: `[Service]\nExecStart=/a\n${lines}\n` }]);
    expect(worker?.restart).toEqual(restart);
  });

  it.each([
    ['+/usr/bin/a', ['/usr/bin/a']],
    ['@/usr/bin/a b c', ['/usr/bin/a', 'c']],
    [':/usr/bin/a $HOME', ['/usr/bin/a', '$HOME']],
    ['/usr/bin/a ${HOME} x$y', ['/usr/bin/a', '${HOME}', 'x$y']],
    ['echo / >/dev/null & \\; \\\nls', ['echo', '/', '>/dev/null', '&', ';', 'ls']],
    ['sh -c "a ; b"', ['sh', '-c', 'a ; b']],
  ])('have commands as they are written: %j', (line, command) => {
    const {
      workers: [worker],
    } = importSystemd([{ name: 'a', text: `[Service]\nExecStart=${line}\n` }]);
    expect(worker?.command).toEqual(command);
  });
});

describe('what is no service', () => {
  it.each([
    ['a.service', '[Unit]\n', 'a has no [Service]', undefined],
    ['a.service', '[Service]\nUser=x\n', 'a has no ExecStart', undefined],
    ['a.timer', '[Timer]\n', 'a.timer is no service', undefined],
    ['a@.service', '[Service]\n', 'a@.service is a template: name an instance, such as a@1.service', undefined],
    ['a', 'Key=value', 'a key stands before the first section', 1],
    ['a', '[Service]\nnonsense', '"nonsense" is no key with a value', 2],
    ['a', '[Service]\n\nExecStart=/a "b', 'a quote is not closed', 3],
    [
      'a',
      `[Service]\nEnvironment=A=${'x'.repeat(2_000)}\nExecStart=/a ${'${A}'.repeat(600)}`,
      'a command becomes too long',
      3,
    ],
    ['a'.repeat(256), '[Service]\nExecStart=/a', 'a name is longer than 255', undefined],
    ['a', '[Service]\nExecStart=/a\nNice=high', 'Nice is no whole number', 3],
    ['a', '[Service]\nExecStart=/a\nTimeoutStopSec=soon', 'TimeoutStopSec is no time span', 3],
    ['a', '[Service]\nExecStart=/a\nMemoryMax=much', 'MemoryMax is no size', 3],
    ['a', '[Service]\nExecStart=/a\nEnvironment=NAME', 'Environment is no list of NAME=value', 3],
  ])('%.20s: %.60j', (name, text, reason, line) => {
    expect(() => importSystemd([{ name, text }])).toThrow(
      expect.objectContaining({
        code: 'IMPORT_INVALID',
        details: { format: 'systemd unit', reason, ...(line !== undefined && { line }) },
      }),
    );
  });

  it('is read or refused with the code, whatever it says', () => {
    const keys = [
      'ExecStart',
      'Environment',
      'Nice',
      'UMask',
      'MemoryMax',
      'KillSignal',
      'LimitNOFILE',
      'After',
      'Restart',
      'User',
    ];
    const line = fc.tuple(fc.constantFrom(...keys), fc.string({ unit: fc.constantFrom(...'aB1 "\\$%{};=:~-.\n[]') }));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        const text = `[Service]\nExecStart=/a\n${lines.map(([key, value]) => `${key}=${value}`).join('\n')}`;
        try {
          const { workers } = importSystemd([{ name: 'a', text }]);
          for (const worker of workers) expect(workerInputSchema.safeParse(worker).error).toBeUndefined();
        } catch (error) {
          expect(error).toMatchObject({ code: 'IMPORT_INVALID' });
        }
      }),
    );
  });
});
