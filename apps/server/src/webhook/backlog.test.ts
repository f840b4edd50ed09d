import type { Delivery } from '@roundhouse/store';
import { describe, expect, it } from 'vitest';
import { Backlog } from './backlog.ts';

const delivery = (id: number, orderKey: string | null, nextAttemptAt = 0): Delivery => ({
  id,
  orderKey,
  nextAttemptAt,
  receiver: 'w',
  messageId: String(id),
  type: 't',
  body: {},
  status: 'pending',
  attempts: 0,
  createdAt: 0,
  lastError: null,
});

describe('a backlog with order', () => {
  it('gives one of a subject at a time, and the next when that is done', () => {
    const backlog = new Backlog(true);
    const [a1, a2, b1] = [delivery(1, 'a'), delivery(2, 'a'), delivery(3, 'b')] as const;
    backlog.add([a1, a2, b1], 0);
    expect([backlog.take(0)?.id, backlog.take(0)?.id, backlog.take(0)?.id]).toEqual([1, 3, undefined]);
    backlog.settle(a1, null, 0);
    expect(backlog.take(0)?.id).toBe(2);
  });

  it('lets one that failed hold up its subject alone, and shows it', () => {
    const backlog = new Backlog(true);
    const a1 = delivery(1, 'a');
    backlog.add([a1, delivery(2, 'a'), delivery(3, 'b')], 0);
    backlog.take(0);
    backlog.settle(a1, 5_000, 0);
    expect(backlog.take(0)?.id).toBe(3);
    expect(backlog.take(4_999)).toBeUndefined();
    expect(backlog.blocked()).toEqual([{ subject: 'a', nextAttemptAt: 5_000, behind: 1 }]);
    expect(backlog.nextAt).toBe(5_000);
    expect(backlog.take(5_000)).toMatchObject({ id: 1, attempts: 1 });
    expect(backlog.blocked()).toEqual([]);
  });
});

describe('a backlog without order', () => {
  it('gives whatever is due, and those of one subject at the same time', () => {
    const backlog = new Backlog(false);
    backlog.add([delivery(1, 'a'), delivery(2, 'a'), delivery(3, 'a', 100)], 0);
    expect([backlog.take(0)?.id, backlog.take(0)?.id, backlog.take(0)?.id]).toEqual([1, 2, undefined]);
    expect(backlog.take(100)?.id).toBe(3);
  });

  it('takes none twice, those on their way included, and no more than it has room for', () => {
    const backlog = new Backlog(false);
    expect(backlog.add([delivery(1, null), delivery(1, null)], 0)).toBe(1);
    const taken = backlog.take(0) as Delivery;
    expect(backlog.add([delivery(1, null)], 0)).toBe(0);
    backlog.settle(taken, null, 0);
    expect([backlog.size, backlog.take(0)]).toEqual([0, undefined]);
    backlog.add([taken], 0);
    expect(
      backlog.add(
        Array.from({ length: 2_000 }, (_, index) => delivery(index + 2, null)),
        0,
      ),
    ).toBe(999);
    expect(backlog.hasRoom).toBe(false);
  });
});
