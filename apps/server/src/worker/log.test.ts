import type { WorkerState } from '@roundhouse/api';
import type { LogFields, Logger } from '@roundhouse/core';
import { expect, it } from 'vitest';
import { logWorkers } from './log.ts';
import { FakeSupervisor } from './supervisor.fixture.ts';

const FACT = { id: { worker: 'web', number: 1 }, labels: {} };

type Line = readonly [level: string, message: string, fields: LogFields | undefined];

function listen(): { readonly supervisor: FakeSupervisor; readonly lines: Line[]; readonly end: () => void } {
  const lines: Line[] = [];
  const note =
    (level: string) =>
    (message: string, fields?: LogFields): void =>
      void lines.push([level, message, fields]);
  const log: Logger = {
    debug: note('debug'),
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
    child: () => log,
  };
  const supervisor = new FakeSupervisor();
  return { supervisor, lines, end: logWorkers(supervisor, log) };
}

it.each([
  [{ code: 7, signal: null }, 'exited', 'warn'],
  [{ code: null, signal: 'SIGSEGV' }, 'signalled', 'warn'],
  [{ code: null, signal: 'SIGKILL' }, 'out_of_memory', 'warn'],
  [{ code: null, signal: null }, 'unknown', 'warn'],
  [{ code: 0, signal: null }, 'exited', 'info'],
  [{ code: null, signal: 'SIGTERM' }, 'by_request', undefined],
  [{ code: 0, signal: null }, 'shutdown', undefined],
  [{ code: 1, signal: null }, 'spec_changed', undefined],
] as const)('an end by %j, because %s, is a line at %s', (how, reason, level) => {
  const { supervisor, lines } = listen();
  supervisor.emit('exited', { ...FACT, exit: { generation: 1, isKnown: true, at: 0, ...how }, reason });
  const { code, signal } = how;
  const fields = { worker: 'web/1', exit_code: code, signal, reason };
  expect(lines).toEqual(level === undefined ? [] : [[level, 'the worker has ended', fields]]);
});

it('a probe that fails is a line with what it found', () => {
  const { supervisor, lines } = listen();
  const status = {
    status: 'failure',
    checkedAt: 0,
    elapsedMs: 1,
    failures: 3,
    code: 'CONNECT_REFUSED',
    message: 'refused',
    steps: [],
  } as const;
  supervisor.emit('probed', { ...FACT, verdict: { role: 'startup', isPassing: true, status } });
  supervisor.emit('probed', { ...FACT, verdict: { role: 'startup', isPassing: false, status } });
  const fields = { worker: 'web/1', probe: 'startup', code: 'CONNECT_REFUSED', reason: 'refused' };
  expect(lines).toEqual([['warn', 'a probe of the worker fails', fields]]);
});

it.each([
  ['restarting', 'failed', 'exit_code_3', 'error', 'the worker is given up'],
  ['stopping', 'unknown', 'kill_failed', 'error', 'the worker does not go'],
  ['ready', 'restarting', 'crash_loop', 'warn', 'the worker fails again and again'],
  ['starting', 'restarting', 'circuit_open', 'warn', 'the worker fails again and again'],
  ['ready', 'stopping', 'liveness_failed', 'warn', 'the worker is taken down'],
  ['starting', 'stopping', 'startup_failed', 'warn', 'the worker is taken down'],
  ['ready', 'running', 'readiness_failed', 'warn', 'the worker is not ready any more'],
  ['ready', 'restarting', 'backoff', undefined, ''],
  ['ready', 'stopping', 'by_request', undefined, ''],
  ['starting', 'running', 'readiness_pending', undefined, ''],
  ['failed', 'failed', 'exit_code_4', undefined, ''],
] satisfies [WorkerState, WorkerState, string, string | undefined, string][])(
  'a move from %s to %s, because %s, is a line at %s',
  (from, to, reason, level, message) => {
    const { supervisor, lines, end } = listen();
    const fact = { ...FACT, from, to, reason, pid: undefined, restarts: 5 };
    supervisor.emit('moved', fact);
    end();
    supervisor.emit('moved', fact);
    const isCounted = to === 'failed' || to === 'restarting';
    const fields = { worker: 'web/1', reason, ...(isCounted && { restarts: 5 }) };
    expect(lines).toEqual(level === undefined ? [] : [[level, message, fields]]);
  },
);
