import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { commonFields, specOf, NESTED_FILE } from './spec.fixture.ts';
import type { ProgramSpec, WorkerSpec } from './spec.ts';

const PROGRAM: ProgramSpec = {
  command: ['serve'],
  workingDirectory: undefined,
  environment: {},
  environmentFiles: [],
  inheritEnvironment: false,
  secrets: [],
  user: undefined,
  group: undefined,
  umask: 0o022,
  nice: undefined,
  oomScoreAdjust: undefined,
  keepCapabilities: undefined,
  hasNoNewPrivileges: false,
  sockets: [],
};

const DEFAULTS: WorkerSpec = {
  id: 'web',
  type: 'managed',
  isEnabled: true,
  program: PROGRAM,
  attach: undefined,
  replicas: 1,
  group: undefined,
  profile: 'default',
  schedule: undefined,
  dependencies: [],
  restart: {
    policy: 'always',
    successExitCodes: [0],
    rules: [],
    backoff: { initialMs: 1_000, maxMs: 60_000, factor: 2, jitter: 0.25 },
    resetAfterMs: 600_000,
    crashLoopAfter: 5,
    contextAware: undefined,
  },
  probes: { startup: undefined, readiness: undefined, liveness: undefined },
  stop: { signal: 'TERM', graceMs: 30_000, drainMs: 0, preStop: undefined, isWholeGroup: true },
  reloadSignal: 'HUP',
  limits: {},
  monitoring: { isEnabled: true, intervalMs: 10_000, retentionMs: 3_600_000 },
  logs: {
    mode: 'daemon',
    maxBytes: 10_000_000,
    maxFiles: 5,
    maxAgeMs: undefined,
    isCompressed: true,
    rateLimit: undefined,
    forward: undefined,
  },
  labels: {},
};

const program = (fields: Partial<ProgramSpec>): Partial<WorkerSpec> => ({ program: { ...PROGRAM, ...fields } });
const restart = (fields: Partial<WorkerSpec['restart']>): Partial<WorkerSpec> => ({
  restart: { ...DEFAULTS.restart, ...fields },
});
const stop = (fields: Partial<WorkerSpec['stop']>): Partial<WorkerSpec> => ({ stop: { ...DEFAULTS.stop, ...fields } });
const logs = (fields: Partial<WorkerSpec['logs']>): Partial<WorkerSpec> => ({ logs: { ...DEFAULTS.logs, ...fields } });
const BUDGET = { maxRetries: 5, retryDelayMs: 1_000, backoffRate: 2 };
const CONTEXT_AWARE = {
  budgets: { exit: BUDGET, health_failure: BUDGET, resource_violation: BUDGET },
  severityMultipliers: { warning: 0.5, critical: 1, emergency: 2 },
  profileMultiplier: 1,
  startupGraceMs: 0,
  sustainedViolationMs: 0,
  spikeToleranceMs: 0,
  halfOpenAfterMs: 300_000,
};
const PROBE = { initialDelayMs: 0, periodMs: 10_000, timeoutMs: 1_000, successThreshold: 1, failureThreshold: 3 };

describe('a resolved worker', () => {
  it('has every default filled in', () => {
    expect(specOf({ id: 'web', command: ['serve'] })).toEqual(DEFAULTS);
  });

  it.each<readonly [object, Partial<WorkerSpec>]>([
    [{ enabled: false }, { isEnabled: false }],
    [{ replicas: 0 }, { replicas: 0 }],
    [
      { group: 'front', profile: 'web', labels: { tier: 'a' } },
      { group: 'front', profile: 'web', labels: { tier: 'a' } },
    ],
    [{ schedule: '* * * * *' }, { schedule: '* * * * *', ...restart({ policy: 'on_failure' }) }],
    [
      { schedule: '* * * * *', restart: { policy: 'never' } },
      { schedule: '* * * * *', ...restart({ policy: 'never' }) },
    ],
    [
      { depends_on: ['db', { worker: 'init', condition: 'completed', cascade: 'stop' }, { worker: 'mq' }] },
      {
        dependencies: [
          { worker: 'db', condition: 'ready', cascade: 'none' },
          { worker: 'init', condition: 'completed', cascade: 'stop' },
          { worker: 'mq', condition: 'ready', cascade: 'none' },
        ],
      },
    ],
    [{ reload_signal: 'USR1' }, { reloadSignal: 'USR1' }],
    [{ command: ['a', '', 'b c'] }, program({ command: ['a', '', 'b c'] })],
    [{ working_directory: '/srv' }, program({ workingDirectory: '/srv' })],
    [
      { environment: { A: '=1' }, environment_files: ['/e'] },
      program({ environment: { A: '=1' }, environmentFiles: ['/e'] }),
    ],
    [{ inherit_environment: ['TZ'] }, program({ inheritEnvironment: ['TZ'] })],
    [
      {
        secrets: [
          { name: 'a', value: 'x' },
          { name: 'B', value: 'secret://b', as: 'variable' },
        ],
      },
      program({
        secrets: [
          { name: 'a', value: 'x', as: 'file' },
          { name: 'B', value: 'secret://b', as: 'variable' },
        ],
      }),
    ],
    [{ umask: '027' }, program({ umask: 0o027 })],
    [{ umask: '0077' }, program({ umask: 0o077 })],
    [{ nice: -5, oom_score_adjust: 0 }, program({ nice: -5, oomScoreAdjust: 0 })],
    [{ user: 'www' }, program({ user: 'www', hasNoNewPrivileges: true })],
    [{ user: 'www', no_new_privileges: false }, program({ user: 'www' })],
    [{ group_of_user: 'adm' }, program({ group: 'adm' })],
    [
      { keep_capabilities: ['CAP_NET_BIND_SERVICE', 'Chown'] },
      program({ keepCapabilities: ['net_bind_service', 'chown'], hasNoNewPrivileges: true }),
    ],
    [
      {
        sockets: [
          { name: 'a', listen: '[::1]:80' },
          { name: 'b', listen: '0.0.0.0:81' },
          { name: 'c', listen: '/s:1' },
        ],
      },
      program({
        sockets: [
          { name: 'a', host: '::1', port: 80 },
          { name: 'b', host: '0.0.0.0', port: 81 },
          { name: 'c', path: '/s:1' },
        ],
      }),
    ],
    [
      { restart: { success_exit_codes: [3], reset_after: '0s', crash_loop_after: 1 } },
      restart({ successExitCodes: [3], resetAfterMs: 0, crashLoopAfter: 1 }),
    ],
    [
      {
        restart: {
          rules: [
            { exit_codes: [2], action: 'fail' },
            { signals: ['SIGSEGV'], action: 'stop' },
          ],
        },
      },
      restart({
        rules: [
          { exitCodes: [2], signals: [], action: 'fail' },
          { exitCodes: [], signals: ['SIGSEGV'], action: 'stop' },
        ],
      }),
    ],
    [
      { restart: { backoff: { initial: '0s', max: '1h30m', factor: 1, jitter: 0 } } },
      restart({ backoff: { initialMs: 0, maxMs: 5_400_000, factor: 1, jitter: 0 } }),
    ],
    [{ restart: { context_aware: {} } }, restart({ contextAware: CONTEXT_AWARE })],
    [
      {
        profile: 'database',
        restart: {
          context_aware: {
            default: { max_retries: 0, retry_delay: '0s' },
            health_failures: { backoff_rate: 1 },
            resource_violations: { max_retries: 9, retry_delay: '1m' },
            severity_multipliers: { emergency: 4 },
            worker_profile_multipliers: { web: 9 },
            startup_grace_period: '1s',
            sustained_violation_time: '2s',
            spike_tolerance_time: '3s',
            half_open_after: '4s',
          },
        },
      },
      {
        profile: 'database',
        ...restart({
          contextAware: {
            budgets: {
              exit: { maxRetries: 0, retryDelayMs: 0, backoffRate: 2 },
              health_failure: { maxRetries: 0, retryDelayMs: 0, backoffRate: 1 },
              resource_violation: { maxRetries: 9, retryDelayMs: 60_000, backoffRate: 2 },
            },
            severityMultipliers: { warning: 0.5, critical: 1, emergency: 4 },
            profileMultiplier: 5,
            startupGraceMs: 1_000,
            sustainedViolationMs: 2_000,
            spikeToleranceMs: 3_000,
            halfOpenAfterMs: 4_000,
          },
        }),
      },
    ],
    [
      { profile: 'web', restart: { context_aware: { worker_profile_multipliers: { web: 9 } } } },
      { profile: 'web', ...restart({ contextAware: { ...CONTEXT_AWARE, profileMultiplier: 9 } }) },
    ],
    [
      { stop: { signal: 'INT', grace: '0s', drain: '1m', whole_group: false } },
      stop({ signal: 'INT', graceMs: 0, drainMs: 60_000, isWholeGroup: false }),
    ],
    [
      { stop: { pre_stop: { command: ['bye'] } } },
      stop({ preStop: { kind: 'exec', command: ['bye'], timeoutMs: 10_000 } }),
    ],
    [
      { stop: { pre_stop: { http: { url: 'http://a/' }, timeout: '5s' } } },
      stop({ preStop: { kind: 'http', url: 'http://a/', method: 'POST', timeoutMs: 5_000 } }),
    ],
    [
      { resource_monitoring: { enabled: false, interval: '500ms', history_retention: '1d' } },
      { monitoring: { isEnabled: false, intervalMs: 500, retentionMs: 86_400_000 } },
    ],
    [
      {
        logs: {
          mode: 'file',
          max_size: '1MiB',
          max_files: 1,
          max_age: '7d',
          compress: false,
          rate_limit: '64KiB',
          forward: { pattern: 'x' },
        },
      },
      logs({
        mode: 'file',
        maxBytes: 1_048_576,
        maxFiles: 1,
        maxAgeMs: 604_800_000,
        isCompressed: false,
        rateLimit: 65_536,
        forward: { pattern: 'x', stream: undefined },
      }),
    ],
  ])('takes %j over, and changes nothing else', (fields, expected) => {
    expect(specOf({ id: 'web', command: ['serve'], ...fields })).toEqual({ ...DEFAULTS, ...expected });
  });

  it.each([
    [{ http: { port: 80 } }, { kind: 'http', host: '127.0.0.1', port: 80, isTls: false, path: '/', headers: {} }],
    [
      { http: { host: 'a', port: 8443, tls: true, path: '/h', headers: { x: 'y' } } },
      { kind: 'http', host: 'a', port: 8443, isTls: true, path: '/h', headers: { x: 'y' } },
    ],
    [{ tcp: { port: 5432 } }, { kind: 'tcp', host: '127.0.0.1', port: 5432 }],
    [{ grpc: { port: 1 } }, { kind: 'grpc', host: '127.0.0.1', port: 1, isTls: false, service: '' }],
    [{ exec: { command: ['test', '-f', '/x'] } }, { kind: 'exec', command: ['test', '-f', '/x'] }],
    [{ log: { pattern: 'up' } }, { kind: 'log', pattern: 'up', stream: undefined }],
    [{ log: { pattern: 'up', stream: 'stderr' } }, { kind: 'log', pattern: 'up', stream: 'stderr' }],
    [
      { endpoint: { kind: 'tn3270', port: 23 } },
      { kind: 'endpoint', protocol: 'tn3270', host: '127.0.0.1', port: 23, isTls: false },
    ],
    [
      { url: 'smtp://127.0.0.1:2525' },
      { kind: 'url', url: 'smtp://127.0.0.1:2525', isVerified: false, serverName: undefined, ca: undefined },
    ],
    [
      { url: { address: 'https://10.0.0.1/up', verify: true, server_name: 'app.example', ca: 'PEM' } },
      { kind: 'url', url: 'https://10.0.0.1/up', isVerified: true, serverName: 'app.example', ca: 'PEM' },
    ],
    [{ contract: true }, { kind: 'contract' }],
    [{ notify: true }, { kind: 'notify' }],
  ])('has the probe %j', (written, action) => {
    const times = { initial_delay: '2s', period: '5s', timeout: '100ms', success_threshold: 2, failure_threshold: 9 };
    const { probes } = specOf({ id: 'web', probes: { startup: written, liveness: { ...written, ...times } } });
    expect(probes).toEqual({
      startup: { action, ...PROBE },
      readiness: undefined,
      liveness: {
        action,
        initialDelayMs: 2_000,
        periodMs: 5_000,
        timeoutMs: 100,
        successThreshold: 2,
        failureThreshold: 9,
      },
    });
  });

  it.each([
    [{ memory: { max_rss: '512MB' } }, { 'memory.max_rss': 512_000_000 }],
    [
      { memory: { max_rss: '512MiB', max_virtual: 4_096 } },
      { 'memory.max_rss': 536_870_912, 'memory.max_virtual': 4_096 },
    ],
    [{ memory: { max_swap: 0 } }, { 'memory.max_swap': 0 }],
    [{ cpu: { max_cores: 1.5, shares: 100 } }, { 'cpu.max_percent': 150, 'cpu.shares': 100 }],
    [
      { cpu: { max_cores: 2, max_percent: 50, max_time: '1h30m' } },
      { 'cpu.max_percent': 50, 'cpu.max_time': 5_400_000 },
    ],
    [
      {
        io: {
          max_read_rate: '1MiB/s',
          max_write_rate: '10kB/s',
          max_read_ops: 1,
          max_write_ops: 2,
          max_file_descriptors: 3,
        },
      },
      {
        'io.max_read_rate': 1_048_576,
        'io.max_write_rate': 10_000,
        'io.max_read_ops': 1,
        'io.max_write_ops': 2,
        'io.max_file_descriptors': 3,
      },
    ],
    [{ process: { max_processes: 4 } }, { 'process.max_processes': 4 }],
    [{ network: { max_connections: 5 } }, { 'network.max_connections': 5 }],
    [
      { storage: { max_temporary: '1kB', max_logs: '1KiB', max_file_size: '1GB' } },
      { 'storage.max_temporary': 1_000, 'storage.max_logs': 1_024, 'storage.max_file_size': 1_000_000_000 },
    ],
    [{ memory: { policy: 'restart' } }, {}],
  ])('has the limits %j, in bytes, ms and percent', (limits, values) => {
    const expected = Object.entries(values).map(([name, value]) => [name, { value, policy: 'alert', warnRatio: 0.8 }]);
    expect(specOf({ id: 'web', limits }).limits).toEqual(Object.fromEntries(expected));
  });

  it('keeps policy and threshold of each section apart', () => {
    const limits = {
      memory: { max_rss: 1, policy: 'alert_only', warning_threshold: 100 },
      cpu: { shares: 1, policy: 'escalate', warning_threshold: 50 },
    };
    expect(specOf({ id: 'web', limits }).limits).toEqual({
      'memory.max_rss': { value: 1, policy: 'alert', warnRatio: 1 },
      'cpu.shares': { value: 1, policy: 'escalate', warnRatio: 0.5 },
    });
  });

  it.each([
    [{ pid_file: '/p' }, { by: { kind: 'pid_file', path: '/p' } }],
    [{ process_name: 'db' }, { by: { kind: 'name', name: 'db', arguments: [] } }],
    [{ process_name: 'db', arguments: ['-x'] }, { by: { kind: 'name', name: 'db', arguments: ['-x'] } }],
    [
      { port: 1, check_interval: '1s', can_stop: true, allowed_signals: ['HUP'] },
      { by: { kind: 'port', port: 1 }, checkIntervalMs: 1_000, canStop: true, allowedSignals: ['HUP'] },
    ],
  ])('finds an unmanaged one by %j', (attach, expected) => {
    const spec = specOf({ id: 'web', type: 'unmanaged', attach });
    expect(spec.attach).toEqual({ checkIntervalMs: 5_000, canStop: false, allowedSignals: [], ...expected });
    expect(spec.program).toBeUndefined();
  });

  it.each([
    ['attach', { type: 'unmanaged' }],
    ['attach', { attach: { port: 1 } }],
    ['attach', { type: 'integrated', attach: { port: 1 } }],
    ['command', { type: 'unmanaged', attach: { port: 1 }, command: ['x'] }],
    ['replicas', { type: 'unmanaged', attach: { port: 1 }, replicas: 2 }],
  ])('names %s as what cannot be in %j', (field, fields) => {
    expect(() => specOf({ id: 'web', ...fields })).toThrow(
      expect.objectContaining({ code: 'WORKER_INVALID', details: expect.objectContaining({ worker: 'web', field }) }),
    );
  });

  it.each(['8080', 'host:', 'host:0', 'host:65536', '::1:80', 'relative/path', '/nul\0'])(
    'has no socket at %j',
    (listen) => expect(() => specOf({ id: 'web', sockets: [{ name: 'a', listen }] })).toThrow(/ADDRESS:PORT/),
  );

  it('is plain data without a number that is none, whatever is written', () => {
    fc.assert(
      fc.property(commonFields, (fields) => {
        const spec = specOf({ id: 'web', ...fields });
        expect(structuredClone(spec)).toEqual(spec);
        expect(numbersIn(spec).every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
      }),
    );
  });
});

function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

describe('a nested file', () => {
  it('says all that it says', () => {
    const file = parse(NESTED_FILE) as { readonly workers: readonly unknown[] };
    const common = { warnRatio: 0.8 };
    expect(file.workers.map(specOf)).toEqual([
      {
        ...DEFAULTS,
        id: 'memory-limited-worker',
        program: undefined,
        limits: {
          'memory.max_rss': { value: 512_000_000, policy: 'graceful_shutdown', ...common },
          'memory.max_virtual': { value: 1_000_000_000, policy: 'graceful_shutdown', ...common },
          'cpu.max_percent': { value: 50, policy: 'throttle', ...common },
          'cpu.max_time': { value: 3_600_000, policy: 'throttle', ...common },
          'io.max_read_rate': { value: 100_000_000, policy: 'alert', ...common },
          'io.max_write_rate': { value: 50_000_000, policy: 'alert', ...common },
          'io.max_file_descriptors': { value: 1_024, policy: 'alert', ...common },
        },
        monitoring: { isEnabled: true, intervalMs: 30_000, retentionMs: 86_400_000 },
      },
    ]);
  });
});
