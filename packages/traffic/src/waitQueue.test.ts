import { createScope, type Scope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { expect, it } from 'vitest';
import { WaitQueue } from './waitQueue.ts';

it('leaves neither a timer nor a callback on the scope of one who was served', async () => {
  const clock = new FakeClock();
  const root = createScope({ clock });
  let callbacks = 0;
  const scope: Scope = Object.assign(Object.create(root) as Scope, {
    throwIfEnded: () => root.throwIfEnded(),
    onEnd: (callback: Parameters<Scope['onEnd']>[0]) => {
      callbacks++;
      const leave = root.onEnd(callback);
      return () => {
        callbacks--;
        leave();
      };
    },
  });
  const queue = new WaitQueue<{ readonly priorityClass: number }, string>(2, clock);
  const turn = queue.wait({ priorityClass: 1 }, scope, 1000, () => {});
  expect([callbacks, clock.pendingTimers, queue.size]).toEqual([1, 1, 1]);
  for (const waiter of queue) {
    waiter.admit('yes');
    waiter.refuse(new Error('too late'));
  }
  expect(await turn).toBe('yes');
  expect([callbacks, clock.pendingTimers, queue.size]).toEqual([0, 0, 0]);
});

it('takes nobody whose scope has ended', async () => {
  const clock = new FakeClock();
  const scope = createScope({ clock });
  scope.end();
  const queue = new WaitQueue<{ readonly priorityClass: number }, string>(1, clock);
  await expect(queue.wait({ priorityClass: 0 }, scope, 1000, () => {})).rejects.toMatchObject({ code: 'CANCELLED' });
  expect([clock.pendingTimers, queue.size]).toEqual([0, 0]);
});
