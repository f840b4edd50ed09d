import { describe, expect, it } from 'vitest';
import type { InstanceState } from '../instance/state.ts';
import { blockersOf, holds } from './blockers.ts';

type State = Parameters<typeof holds>[1][number];
const of = (kind: InstanceState['kind'], reason?: string): State => ({ kind, ...(reason !== undefined && { reason }) });
const COMPLETED = of('idle', 'completed');
const STOPPED = of('idle', 'by_request');

describe('a condition', () => {
  it.each([
    ['started', [of('launching')], false],
    ['started', [of('probing')], true],
    ['started', [of('running', 'readiness_failed')], true],
    ['started', [of('stopping')], false],
    ['started', [COMPLETED], true],
    ['started', [STOPPED], false],
    ['started', [], false],
    ['ready', [of('running', 'readiness_pending')], false],
    ['ready', [of('waiting'), of('ready')], true],
    ['ready', [COMPLETED], true],
    ['ready', [], false],
    ['completed', [of('ready')], false],
    ['completed', [COMPLETED, of('ready')], false],
    ['completed', [COMPLETED, COMPLETED], true],
    ['completed', [STOPPED], false],
    ['completed', [of('failed', 'exit_code_1')], false],
    ['completed', [], false],
  ] as const)('%s of %j holds: %s', (condition, states, expected) => {
    expect(holds(condition, states)).toBe(expected);
  });
});

it('names the workers that hold one up, each once', () => {
  const states: Record<string, State[]> = { database: [of('probing')], migration: [COMPLETED], cache: [of('blocked')] };
  const blockers = blockersOf(
    [
      { worker: 'database', condition: 'started', cascade: 'none' },
      { worker: 'database', condition: 'ready', cascade: 'none' },
      { worker: 'migration', condition: 'completed', cascade: 'none' },
      { worker: 'cache', condition: 'ready', cascade: 'none' },
      { worker: 'cache', condition: 'started', cascade: 'none' },
      { worker: 'nobody', condition: 'ready', cascade: 'none' },
    ],
    (worker) => states[worker] ?? [],
  );
  expect(blockers).toEqual(['database', 'cache', 'nobody']);
});
