import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CommonFields, commonFields, specOf } from './spec.fixture.ts';

const managed = (fields: object) => ({ unit: { managed: fields } });
const control = (fields: object) => managed({ control: fields });
const checked = (check: object) => managed({ health_check: check });
const integrated = (fields: object) => ({ type: 'integrated', unit: { integrated: fields } });
const found = (discovery: object, fields: object = {}) => ({
  type: 'unmanaged',
  unit: { unmanaged: { discovery, ...fields } },
});
const BY_PORT = { method: 'port', port: 1 };
const OPTIONS = { interval: '5s', timeout: '2s', initial_delay: '1s', retries: 2 };
const TIMES = { period: '5s', timeout: '2s', initial_delay: '1s', failure_threshold: 3 };
const liveness = (probe: object) => ({ probes: { liveness: probe } });

/** What stands under `execution` stands there together. */
const groupOf = (name: string): string =>
  ['command', 'environment', 'working_directory'].includes(name) ? 'execution' : name;

function nest({ command, environment = {}, working_directory, description, restart, stop, ...control }: CommonFields) {
  const execution = command && {
    executable_path: command[0],
    args: command.slice(1),
    environment: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    working_directory,
  };
  return managed({
    metadata: { description },
    control: {
      ...control,
      execution,
      graceful_timeout: stop?.grace,
      restart_policy: restart?.policy,
      context_aware_restart: restart?.context_aware,
    },
  });
}

describe('the nested form', () => {
  it.each<readonly [object, object]>([
    [{}, {}],
    [{ unit: {} }, {}],
    [{ profile_type: 'batch' }, { profile: 'batch' }],
    [managed({ metadata: { name: 'n', description: 'd' } }), { description: 'd' }],
    [managed({ metadata: { name: 'n' } }), { description: 'n' }],
    [control({ execution: { executable_path: '/bin/x' } }), { command: ['/bin/x'] }],
    [
      control({
        execution: {
          executable_path: 'x',
          args: ['-a', ''],
          environment: ['A=', 'B=c=d', 'A=2'],
          working_directory: '/srv',
        },
      }),
      { command: ['x', '-a', ''], environment: { A: '2', B: 'c=d' }, working_directory: '/srv' },
    ],
    ...(['on-failure', 'on_failure'] as const).map(
      (policy) => [control({ restart_policy: policy }), { restart: { policy: 'on_failure' } }] as const,
    ),
    ...(['unless-stopped', 'unless_stopped'] as const).map(
      (policy) => [control({ restart_policy: policy }), { restart: { policy: 'unless_stopped' } }] as const,
    ),
    [control({ restart_policy: 'never' }), { restart: { policy: 'never' } }],
    [
      control({ context_aware_restart: { default: { max_retries: 1 } } }),
      { restart: { context_aware: { default: { max_retries: 1 } } } },
    ],
    [control({ limits: { cpu: { max_percent: 50 } } }), { limits: { cpu: { max_percent: 50 } } }],
    [control({ resource_monitoring: { interval: '1s' } }), { resource_monitoring: { interval: '1s' } }],
    [control({ graceful_timeout: '3s' }), { stop: { grace: '3s' } }],
    [
      checked({ type: 'http', http: { url: 'http://h/p?q=1#x', headers: { A: 'b' } }, run_options: OPTIONS }),
      liveness({ http: { host: 'h', port: 80, path: '/p?q=1', headers: { A: 'b' } }, ...TIMES }),
    ],
    [
      checked({ type: 'http', http: { url: 'https://[::1]' } }),
      liveness({ http: { host: '::1', port: 443, tls: true } }),
    ],
    [checked({ type: 'http', http: { url: 'http://h:8080' } }), liveness({ http: { host: 'h', port: 8080 } })],
    [
      checked({ type: 'grpc', grpc: { address: 'h:50051', service: 's' } }),
      liveness({ grpc: { host: 'h', port: 50_051, service: 's' } }),
    ],
    [checked({ type: 'grpc', grpc: { address: '[::1]:1' } }), liveness({ grpc: { host: '::1', port: 1 } })],
    [checked({ type: 'tcp', tcp: { port: 1 } }), liveness({ tcp: { port: 1 } })],
    [checked({ type: 'tcp', tcp: { address: 'h', port: 1 } }), liveness({ tcp: { host: 'h', port: 1 } })],
    [checked({ type: 'exec', exec: { command: 'c', args: [] } }), liveness({ exec: { command: ['c'] } })],
    [
      checked({ type: 'exec', exec: { command: 'c', args: ['', 'b'] } }),
      liveness({ exec: { command: ['c', '', 'b'] } }),
    ],
    [checked({ type: 'tcp', tcp: { port: 1 }, run_options: { enabled: false } }), {}],
    [
      checked({ type: 'tcp', tcp: { port: 1 }, run_options: { retries: 0 } }),
      liveness({ tcp: { port: 1 }, failure_threshold: 1 }),
    ],
    [integrated({}), { type: 'integrated' }],
    [
      integrated({ metadata: { name: 'n' }, control: { graceful_timeout: '1s' } }),
      { type: 'integrated', description: 'n', stop: { grace: '1s' } },
    ],
    [
      integrated({ health_check_run_options: OPTIONS }),
      { type: 'integrated', ...liveness({ contract: true, ...TIMES }) },
    ],
    [integrated({ health_check_run_options: { enabled: false } }), { type: 'integrated' }],
    [found(BY_PORT), { type: 'unmanaged', attach: { port: 1 } }],
    [
      found({ method: 'pid-file', pid_file: '/p', check_interval: '1s' }),
      { type: 'unmanaged', attach: { pid_file: '/p', check_interval: '1s' } },
    ],
    [
      found({ method: 'process-name', process_name: 'n', process_args: ['-a'], port: 9 }),
      { type: 'unmanaged', attach: { process_name: 'n', arguments: ['-a'] } },
    ],
    [
      found(BY_PORT, {
        control: { can_terminate: true, allowed_signals: ['HUP'], graceful_timeout: '1s' },
        health_check: { type: 'tcp', tcp: { port: 1 } },
      }),
      {
        type: 'unmanaged',
        attach: { port: 1, can_stop: true, allowed_signals: ['HUP'] },
        stop: { grace: '1s' },
        ...liveness({ tcp: { port: 1 } }),
      },
    ],
  ])('%j is %j', (nested, flat) => {
    expect(specOf({ id: 'web', ...nested })).toEqual(specOf({ id: 'web', ...flat }));
  });

  it('says the same as the flat one, whatever stands where', () => {
    fc.assert(
      fc.property(commonFields, fc.func(fc.boolean()), (fields, isNested) => {
        const [inside, outside] = [true, false].map((side) =>
          Object.fromEntries(Object.entries(fields).filter(([name]) => isNested(groupOf(name)) === side)),
        );
        expect(specOf({ id: 'web', ...outside, ...nest(inside ?? {}) })).toEqual(specOf({ id: 'web', ...fields }));
      }),
    );
  });

  it.each<readonly [string, object]>([
    ['profile', { profile: 'web', profile_type: 'web' }],
    ['description', { description: 'a', ...managed({ metadata: { name: 'a' } }) }],
    ['command', { command: ['x'], ...control({ execution: { executable_path: 'x' } }) }],
    ['stop', { stop: { signal: 'INT' }, ...control({ graceful_timeout: '1s' }) }],
    ['restart', { restart: {}, ...control({ restart_policy: 'never' }) }],
    ['limits', { limits: {}, ...control({ limits: {} }) }],
    ['resource_monitoring', { resource_monitoring: {}, ...control({ resource_monitoring: {} }) }],
    ['probes', { probes: {}, ...checked({ type: 'tcp', tcp: { port: 1 } }) }],
    ['attach', { attach: { port: 1 }, ...found(BY_PORT) }],
    ['unit.integrated', { unit: { integrated: {} } }],
    ['unit.unmanaged', { type: 'managed', unit: { managed: {}, unmanaged: {} } }],
    ['unit.managed', { type: 'unmanaged', attach: { port: 1 }, ...managed({}) }],
    ['unit.unmanaged.discovery', found({ method: 'port', pid_file: '/p' })],
    ['unit.unmanaged.discovery', found({ method: 'process-name' })],
  ])('names %s as said twice or in the wrong place in %j', (field, fields) => {
    expect(() => specOf({ id: 'web', ...fields })).toThrow(
      expect.objectContaining({
        code: 'WORKER_UNIT_CONFLICT',
        details: expect.objectContaining({ worker: 'web', field }),
      }),
    );
  });

  it.each([
    checked({ type: 'grpc', grpc: { address: 'h' } }),
    checked({ type: 'grpc', grpc: { address: 'h:0' } }),
    checked({ type: 'grpc', grpc: { address: 'a b:1' } }),
    checked({ type: 'http', tcp: { port: 1 } }),
    control({ execution: { executable_path: 'x\0' } }),
    control({ execution: { executable_path: 'x', args: ['\0'] } }),
    control({ execution: { executable_path: 'x', environment: ['A=\0'] } }),
    control({ execution: { executable_path: 'x', environment: ['=1'] } }),
    control({ execution: { executable_path: 'x', working_directory: '/\0' } }),
  ])('%j is refused at the door', (fields) => {
    expect(() => specOf({ id: 'web', ...fields })).toThrow(expect.objectContaining({ name: 'ZodError' }));
  });
});
