import { describe, expect, it } from 'vitest';
import type { Run } from '../process/contract.ts';
import type { InstanceState } from '../instance/state.ts';
import { Moves } from './moves.ts';

const RUN: Run = { generation: 1, process: { pid: 1, startTime: 1, bootId: 'b' }, startedAt: 0 };
const IDLE: InstanceState = { kind: 'idle', reason: 'never_started' };
const READY: InstanceState = { kind: 'ready', run: RUN };
const STOPPING = {
  kind: 'stopping',
  run: RUN,
  phase: 'drain',
  cause: 'by_request',
  after: { kind: 'start' },
  graceEnds: 0,
} as const satisfies InstanceState;

describe('a move', () => {
  it.each<readonly [InstanceState, InstanceState, readonly [string, string, string] | undefined]>([
    [IDLE, { kind: 'blocked' }, ['stopped', 'starting', 'blocked']],
    [{ kind: 'blocked' }, { kind: 'launching', held: undefined }, ['starting', 'starting', 'launching']],
    [{ kind: 'launching', held: undefined }, { kind: 'probing', run: RUN }, ['starting', 'starting', 'startup_probe']],
    [{ kind: 'probing', run: RUN }, READY, ['starting', 'ready', 'started']],
    [READY, { kind: 'running', run: RUN, reason: 'readiness_failed' }, ['ready', 'running', 'readiness_failed']],
    [READY, STOPPING, ['ready', 'stopping', 'by_request']],
    [STOPPING, { ...STOPPING, phase: 'kill' }, undefined],
    [
      STOPPING,
      { kind: 'unknown', run: RUN, reason: 'kill_failed', after: undefined },
      ['stopping', 'unknown', 'kill_failed'],
    ],
    [READY, { kind: 'waiting', reason: 'backoff', until: 9 }, ['ready', 'restarting', 'backoff']],
    [{ kind: 'waiting', reason: 'backoff', until: 1 }, { kind: 'waiting', reason: 'backoff', until: 9 }, undefined],
    [READY, { kind: 'failed', reason: 'exit_code_3' }, ['ready', 'failed', 'exit_code_3']],
    [IDLE, { kind: 'idle', reason: 'by_request' }, ['stopped', 'stopped', 'by_request']],
    [IDLE, IDLE, undefined],
  ])('from %j to %j is shown as %j', (from, to, expected) => {
    const moves = new Moves();
    const [before, after, reason] = expected ?? [];
    const move = expected && { at: 5, from: before, to: after, reason };
    expect(moves.add(from, to, 5)).toEqual(move);
    expect(moves.all).toEqual(move === undefined ? [] : [move]);
  });

  it('is kept with the 64 latest, oldest first', () => {
    const moves = new Moves();
    for (let at = 0; at < 200; at++) moves.add(IDLE, READY, at);
    expect(moves.all.map(({ at }) => at)).toEqual(Array.from({ length: 64 }, (_, index) => 136 + index));
  });
});
