import { createScope } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { InputQueue } from './inputQueue.ts';

describe('InputQueue', () => {
  it('lets one in at a time, in order of arrival', async () => {
    const queue = new InputQueue(5);
    const scope = createScope();
    const order: number[] = [];
    const turns = [1, 2, 3].map(async (turn) => {
      const leave = await queue.enter(scope);
      order.push(turn);
      await Promise.resolve();
      order.push(-turn);
      leave();
    });
    await Promise.all(turns);
    expect(order).toEqual([1, -1, 2, -2, 3, -3]);
  });

  it('gives up a place when its scope ends, and keeps the others in order', async () => {
    const queue = new InputQueue(5);
    const scope = createScope();
    const leave = await queue.enter(scope);
    const impatient = scope.child();
    const given = queue.enter(impatient);
    const patient = queue.enter(scope);
    impatient.end();
    await expect(given).rejects.toMatchObject({ code: 'CANCELLED' });
    leave();
    (await patient)();
    await expect(queue.enter(scope)).resolves.toBeTypeOf('function');
  });

  it('lets nobody in whose scope has ended', async () => {
    const queue = new InputQueue(5);
    const ended = createScope();
    ended.end();
    await expect(queue.enter(ended)).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(queue.enter(createScope())).resolves.toBeTypeOf('function');
  });

  it('is full when as many wait as may', async () => {
    const queue = new InputQueue(1);
    using scope = createScope();
    await queue.enter(scope);
    expect(queue.isFull).toBe(false);
    queue.enter(scope).catch(() => {});
    expect(queue.isFull).toBe(true);
  });
});
