import { randomBytes } from 'node:crypto';
import { FakeClock } from '@roundhouse/testing';
import { expect, it } from 'vitest';
import { Tickets } from './tickets.ts';

it('stands for its session once', () => {
  const clock = new FakeClock();
  const tickets = new Tickets(clock, randomBytes);
  const { lu, expiresAt } = tickets.issue('ses_1', 60_000);
  expect(lu).toMatch(/^TK[A-Z2-8]{6}$/);
  expect(expiresAt).toBe(clock.now() + 60_000);
  expect(tickets.redeem('TKNOBODY')).toBeUndefined();
  expect(tickets.redeem(lu)).toBe('ses_1');
  expect(tickets.redeem(lu)).toBeUndefined();
  expect(clock.pendingTimers).toBe(0);
});

it('is void after its time', async () => {
  const clock = new FakeClock();
  const tickets = new Tickets(clock, randomBytes);
  const { lu } = tickets.issue('ses_1', 1_000);
  await clock.advance(1_000);
  expect(tickets.redeem(lu)).toBeUndefined();
});

it('is not given twice, even where chance repeats itself', () => {
  const bytes = [1, 1, 2];
  const tickets = new Tickets(new FakeClock(), (size) => new Uint8Array(size).fill(bytes.shift() ?? 3));
  expect(tickets.issue('ses_1', 1_000).lu).not.toBe(tickets.issue('ses_2', 1_000).lu);
});

it('makes the oldest void when there are too many, and all in the end', () => {
  const clock = new FakeClock();
  const tickets = new Tickets(clock, randomBytes);
  const first = tickets.issue('ses_0', 1_000);
  for (let n = 1; n <= 10_000; n++) tickets.issue(`ses_${n}`, 1_000);
  expect(tickets.redeem(first.lu)).toBeUndefined();
  expect(clock.pendingTimers).toBe(10_000);
  tickets.clear();
  expect(clock.pendingTimers).toBe(0);
});
