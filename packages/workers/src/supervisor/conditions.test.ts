import { createScope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import type { InstanceState } from '../instance/state.ts';
import type { DependencySpec } from '../spec/spec.ts';
import { Conditions } from './conditions.ts';

const COMPLETED: InstanceState = { kind: 'idle', reason: 'completed' };
const FAILED: InstanceState = { kind: 'failed', reason: 'exit_code_1' };
const on = (worker: string): DependencySpec => ({ worker, condition: 'ready', cascade: 'none' });

/** Workers that are ready when they have completed, which is as good, and how often somebody has asked. */
function world() {
  const states = new Map<string, readonly InstanceState[]>();
  const asked = { count: 0 };
  const conditions = new Conditions((worker) => {
    asked.count++;
    return states.get(worker) ?? [];
  });
  const set = (worker: string, state: InstanceState): void => {
    states.set(worker, [state]);
    conditions.changed(worker);
  };
  const clock = new FakeClock();
  return { conditions, set, asked, clock, scope: createScope({ clock }) };
}

/** What has been met so far, in order. */
function noting(met: string[], name: string, wait: Promise<void>): Promise<void> {
  return wait.then(
    () => void met.push(name),
    (error: { readonly code: string }) => void met.push(`${name}: ${error.code}`),
  );
}

describe('conditions', () => {
  it('are met at once where nothing is waited for', async () => {
    const { conditions, set, scope } = world();
    set('db', COMPLETED);
    await conditions.met('web', () => [], scope);
    await conditions.met('web', () => [on('db')], scope);
    expect(conditions.blockers([on('db'), on('mq'), on('mq')])).toEqual(['mq']);
  });

  it('are met when the last of them holds, all at the same time', async () => {
    const { conditions, set, scope, clock } = world();
    const met: string[] = [];
    void noting(
      met,
      'web',
      conditions.met('web', () => [on('db'), on('mq')], scope),
    );
    for (const [worker, state] of [
      ['db', COMPLETED],
      ['db', FAILED],
      ['mq', COMPLETED],
      ['other', COMPLETED],
    ] as const) {
      set(worker, state);
      await clock.advance(0);
      expect(met).toEqual([]);
    }
    set('db', COMPLETED);
    await clock.advance(0);
    expect(met).toEqual(['web']);
  });

  it('are asked for again when they change themselves', async () => {
    const { conditions, set, scope, asked } = world();
    let dependencies = [on('db')];
    const met = conditions.met('web', () => dependencies, scope);
    dependencies = [on('mq')];
    conditions.changed('web');
    asked.count = 0;
    set('db', COMPLETED);
    expect(asked.count).toBe(0);
    set('mq', COMPLETED);
    await met;
  });

  it('of a thousand in a row are looked at no more often than they change', async () => {
    const { conditions, set, scope, asked, clock } = world();
    const met: string[] = [];
    const waits = Array.from({ length: 1_000 }, (_, index) => {
      const wait = conditions.met(`${index + 1}`, () => [on(`${index}`)], scope);
      return noting(met, `${index + 1}`, wait).then(() => set(`${index + 1}`, COMPLETED));
    });
    expect(asked.count).toBe(1_000);
    set('0', COMPLETED);
    await Promise.all(waits);
    expect(met).toEqual(Array.from({ length: 1_000 }, (_, index) => `${index + 1}`));
    expect(asked.count).toBe(2_000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('of a thousand that wait for one are all met by it', async () => {
    const { conditions, set, scope, asked } = world();
    const waits = Array.from({ length: 1_000 }, (_, index) => conditions.met(`w${index}`, () => [on('db')], scope));
    set('db', COMPLETED);
    await Promise.all(waits);
    expect(asked.count).toBe(2_000);
  });

  it.each(['before', 'while'])('leave nothing behind when the scope ends %s they are waited for', async (when) => {
    const { conditions, set, scope, asked, clock } = world();
    const met: string[] = [];
    const own = scope.child();
    if (when === 'before') own.end();
    const wait = noting(
      met,
      'web',
      conditions.met('web', () => [on('db')], own),
    );
    own.end();
    await wait;
    expect(met).toEqual(['web: CANCELLED']);
    asked.count = 0;
    set('db', FAILED);
    conditions.changed('web');
    expect(asked.count).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('that are met are not looked at again', async () => {
    const { conditions, set, scope, asked } = world();
    const met = conditions.met('web', () => [on('db'), on('mq')], scope);
    set('mq', COMPLETED);
    set('db', COMPLETED);
    await met;
    asked.count = 0;
    set('db', FAILED);
    set('mq', FAILED);
    conditions.changed('web');
    scope.end();
    expect(asked.count).toBe(0);
  });
});
