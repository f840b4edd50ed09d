import { FakeClock } from '@roundhouse/testing';
import { expect, test } from 'vitest';
import { startingUp } from './startup.ts';

test('what only a start has needed is given back once it has settled', async () => {
  const clock = new FakeClock();
  const left = await leftBehind();
  const { started } = startingUp(clock, () => {});
  started();
  await clock.advance(4_000);

  expect(left.deref()).toBeUndefined();
  const afterwards = await leftBehind();
  await clock.advance(40_000);
  expect(afterwards.deref()).toBeUndefined();
  expect(clock.pendingTimers).toBe(0);
  expect(globalThis.gc).toBeUndefined();
});

async function leftBehind(): Promise<WeakRef<object>> {
  const made = new WeakRef({ of: 'the start' });
  // What was just made is held until the turn is over.
  await new Promise((resolve) => setImmediate(resolve));
  return made;
}
