import { createScope, type Scope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { type Endpoint, resolveEndpoint } from '../endpoint.ts';
import { healthError } from './errors.ts';
import { ladder, type Rung } from './ladder.ts';

interface Climb {
  readonly endpoint: Endpoint<string>;
  readonly done: string[];
}

const ENDPOINT = resolveEndpoint({ id: 'lpar1', target: 'host' });
const begin = (endpoint: Endpoint<string>): Climb => ({ endpoint, done: [] });

function takes(name: string, ms: number): Rung<Climb> {
  return {
    name,
    async run({ done }, scope) {
      await scope.sleep(ms);
      done.push(name);
    },
  };
}

const refuses = async (): Promise<void> => {
  throw healthError('HEALTH_OPTION_INVALID', { details: { option: 'x', expected: 'y' } });
};

function setUp(timeoutMs?: number): { clock: FakeClock; scope: Scope } {
  const clock = new FakeClock();
  return { clock, scope: createScope({ clock, ...(timeoutMs === undefined ? {} : { timeoutMs }) }) };
}

describe('ladder', () => {
  it('climbs in order and measures each rung', async () => {
    const { clock, scope } = setUp();
    const seen: Climb[] = [];
    const look: Rung<Climb> = { name: 'look', run: async (climb) => void seen.push(climb) };
    const probe = ladder('tcp', begin, [takes('connect', 30), takes('greet', 5), look]);
    const checking = probe.check(ENDPOINT, scope);
    await clock.advance(35);
    expect(await checking).toEqual({
      outcome: 'ok',
      elapsedMs: 35,
      steps: [
        { name: 'connect', ok: true, elapsedMs: 30 },
        { name: 'greet', ok: true, elapsedMs: 5 },
        { name: 'look', ok: true, elapsedMs: 0 },
      ],
    });
    expect(seen).toEqual([{ endpoint: ENDPOINT, done: ['connect', 'greet'] }]);
    expect(probe.kind).toBe('tcp');
  });

  it.each(['failed', 'degraded'] as const)('stops at the rung that fails: %s', async (otherwise) => {
    const { scope } = setUp();
    const probe = ladder('tcp', begin, [{ name: 'screen', otherwise, run: refuses }, takes('never', 5)]);
    const result = await probe.check(ENDPOINT, scope);
    expect(result).toMatchObject({ outcome: otherwise, error: { code: 'HEALTH_OPTION_INVALID' } });
    expect(result.steps).toEqual([{ name: 'screen', ok: false, elapsedMs: 0, code: 'HEALTH_OPTION_INVALID' }]);
  });

  it('calls what no catalogue knows INTERNAL', async () => {
    const { scope } = setUp();
    const run = (): Promise<void> => {
      throw new TypeError('bug');
    };
    expect(await ladder('tcp', begin, [{ name: 'tcp', run }]).check(ENDPOINT, scope)).toMatchObject({
      outcome: 'failed',
      error: { code: 'INTERNAL', message: 'bug' },
    });
  });

  it('says which rung was reached at the deadline, though it hangs', async () => {
    const { clock, scope } = setUp(100);
    const hangs: Rung<Climb> = { name: 'negotiate', run: () => new Promise(() => {}) };
    const checking = ladder('tn3270', begin, [takes('connect', 30), hangs]).check(ENDPOINT, scope);
    await clock.advance(100);
    expect(await checking).toMatchObject({
      outcome: 'failed',
      steps: [{ name: 'connect' }, { name: 'negotiate', ok: false, elapsedMs: 70, code: 'DEADLINE_EXCEEDED' }],
    });
    expect(clock.pendingTimers).toBe(0);
  });

  it('rejects with the reason when it is cancelled', async () => {
    const { clock, scope } = setUp();
    const checking = ladder('tcp', begin, [takes('connect', 30)]).check(ENDPOINT, scope);
    scope.end();
    await expect(checking).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends what the rungs opened when it is over', async () => {
    const { scope } = setUp();
    let opened: Scope | undefined;
    const open: Rung<Climb> = { name: 'open', run: async (_, rungScope) => void (opened = rungScope) };
    await ladder('tcp', begin, [open]).check(ENDPOINT, scope);
    expect(opened?.signal.aborted).toBe(true);
    expect(scope.signal.aborted).toBe(false);
  });
});
