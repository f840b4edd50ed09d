import type { WorkerInput } from '@roundhouse/api';
import { describe, expect, it } from 'vitest';
import { resolveWorker } from '../spec/resolve.ts';
import { checkWorker } from './check.ts';

const attach = { port: 5_432 };
const unmanaged = { type: 'unmanaged', attach } as const;

describe('a worker', () => {
  it.each<[string, string, Partial<WorkerInput>]>([
    ['SCHEDULE_INVALID', 'a schedule that is none', { schedule: '* * *' }],
    ['LOG_PATTERN_INVALID', 'a pattern that is none', { logs: { forward: { pattern: '(' } } }],
    ['LOG_PATTERN_INVALID', 'a pattern of a probe', { probes: { startup: { log: { pattern: '(' } } } }],
    ['WORKER_INVALID', 'a contract that nobody speaks', { probes: { liveness: { contract: true } } }],
    [
      'WORKER_INVALID',
      'commands in a program of somebody else',
      { ...unmanaged, probes: { liveness: { exec: { command: ['x'] } } } },
    ],
    [
      'WORKER_INVALID',
      'lines of a program of somebody else',
      { ...unmanaged, probes: { liveness: { log: { pattern: 'x' } } } },
    ],
    [
      'WORKER_INVALID',
      'limits of a program of somebody else',
      { ...unmanaged, limits: { memory: { max_rss: '1MB' } } },
    ],
    ['WORKER_INVALID', 'times of a program of somebody else', { ...unmanaged, schedule: '@hourly' }],
    [
      'WORKER_INVALID',
      'a socket of many instances',
      { command: ['x'], replicas: 2, sockets: [{ name: 'http', listen: '127.0.0.1:80' }] },
    ],
  ])('is refused with %s: %s', (code, _what, fields) => {
    expect(() => checkWorker(resolveWorker({ id: 'a', ...fields }))).toThrow(expect.objectContaining({ code }));
  });

  it('that somebody else starts is not scaled', () => {
    const spec = resolveWorker({ id: 'a', ...unmanaged });
    expect(() => checkWorker({ ...spec, replicas: 2 })).toThrow(
      expect.objectContaining({ code: 'WORKER_INVALID', details: expect.objectContaining({ field: 'replicas' }) }),
    );
    expect(() => checkWorker({ ...spec, replicas: 0 })).not.toThrow();
  });

  it.each<[string, Partial<WorkerInput>]>([
    ['with a socket', { command: ['x'], sockets: [{ name: 'http', listen: '127.0.0.1:80' }] }],
    ['managed', { command: ['x'], schedule: '@daily', probes: { startup: { notify: true } } }],
    ['integrated', { type: 'integrated', command: ['x'], probes: { liveness: { contract: true } } }],
    ['unmanaged', { ...unmanaged, probes: { liveness: { tcp: { port: 1 } } } }],
  ])('is taken: %s', (_what, fields) => {
    expect(() => checkWorker(resolveWorker({ id: 'a', ...fields }))).not.toThrow();
  });
});
