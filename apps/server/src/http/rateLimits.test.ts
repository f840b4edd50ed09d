import type { FastifyReply, FastifyRequest } from 'fastify';
import { FakeClock } from '@roundhouse/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { costOf, createRateLimits, type RateCaller, type RateLimits, type RateLimitsOptions } from './rateLimits.ts';

const joe: RateCaller = { id: 'joe', roles: ['operator'], isRoot: false };
const root: RateCaller = { id: 'root', roles: [], isRoot: true };
let clock: FakeClock;

beforeEach(() => {
  clock = new FakeClock();
});

function create(options: RateLimitsOptions = {}): RateLimits {
  return createRateLimits(options, { clock });
}

/** Asks once; gives the fields of the answer, and the error. */
function ask(limits: RateLimits, caller: RateCaller | null, cost = 1, ip = '192.0.2.1') {
  const fields: Record<string, unknown> = {};
  const reply = { header: (name: string, value: unknown) => void (fields[name] = value) };
  try {
    limits.admit({ ip } as FastifyRequest, reply as unknown as FastifyReply, caller, cost);
    return { fields, error: undefined };
  } catch (error) {
    return { fields, error };
  }
}

/** How many of `asked` get through. */
function passed(limits: RateLimits, asked: number, caller: RateCaller | null, cost = 1, ip?: string): number {
  return Array.from({ length: asked }, () => ask(limits, caller, cost, ip)).filter(({ error }) => !error).length;
}

describe('a rate limit', () => {
  it('lets the burst of a principal through, then what its rate brings', async () => {
    const limits = create();
    expect(passed(limits, 500, joe)).toBe(400);
    await clock.advance(1_000);
    expect(passed(limits, 500, joe)).toBe(200);
    await clock.advance(60_000);
    expect(passed(limits, 500, joe)).toBe(400);
  });

  it('says what is left, and how long to wait when nothing is', () => {
    const limits = create({ principal: { perSecond: 2, burst: 3 } });
    expect(ask(limits, joe).fields).toEqual({
      'ratelimit-policy': '"principal";q=3;w=2',
      ratelimit: '"principal";r=2;t=1',
    });
    ask(limits, joe);
    expect(ask(limits, joe).fields['ratelimit']).toBe('"principal";r=0;t=2');
    const { fields, error } = ask(limits, joe);
    expect(fields['ratelimit']).toBe('"principal";r=0;t=2');
    expect(error).toMatchObject({ code: 'RATE_LIMITED', status: 429, details: { retry_after_ms: 500, limit: 2 } });
  });

  it('takes a burst below a second too', async () => {
    const limits = create({ principal: { perSecond: 100, burst: 10 } });
    expect(ask(limits, joe).fields['ratelimit-policy']).toBe('"principal";q=10;w=1');
    expect(passed(limits, 100, joe)).toBe(9);
    await clock.advance(50);
    expect(passed(limits, 100, joe)).toBe(5);
  });

  it('counts a request for what its route costs', () => {
    const limits = create({ principal: { perSecond: 10, burst: 20 } });
    expect(passed(limits, 10, joe, costOf('createSession'))).toBe(4);
    expect(ask(limits, joe, 5).error).toMatchObject({ details: { cost: 5, retry_after_ms: 500 } });
    expect([costOf('createSession'), costOf('getScreen'), costOf('readyz')]).toEqual([5, 1, 0]);
  });

  it('says when a dear request will pass, and it does then', async () => {
    const limits = create({ principal: { perSecond: 10, burst: 20 } });
    passed(limits, 18, joe);
    // Of the two left the refusal uses none; three are missing.
    const { error } = ask(limits, joe, 5);
    const { retry_after_ms: waitMs } = (error as { details: { retry_after_ms: number } }).details;
    expect(waitMs).toBe(300);
    await clock.advance(waitMs);
    expect(ask(limits, joe, 5).error).toBeUndefined();
  });

  it('lets a cost above the whole burst through when nothing was used', () => {
    const limits = create({ principal: { perSecond: 2, burst: 3 } });
    expect(passed(limits, 2, joe, 20)).toBe(1);
  });

  it('never refuses what costs nothing', () => {
    const limits = create({ anonymous: { perSecond: 1, burst: 1 } });
    expect(passed(limits, 100, null, 0)).toBe(100);
    expect(ask(limits, null, 0).fields).toEqual({});
  });

  it('holds each principal by itself, and nobody by address', () => {
    const limits = create({ principal: { perSecond: 1, burst: 2 }, anonymous: { perSecond: 1, burst: 3 } });
    expect(passed(limits, 5, joe)).toBe(2);
    expect(passed(limits, 5, { ...joe, id: 'ann' })).toBe(2);
    expect(passed(limits, 5, null, 1, '192.0.2.1')).toBe(3);
    expect(passed(limits, 5, null, 1, '::ffff:192.0.2.1')).toBe(0);
    expect(passed(limits, 5, null, 1, '192.0.2.2')).toBe(3);
    expect(passed(limits, 5, null, 1, '2001:db8::1')).toBe(3);
    expect(passed(limits, 5, null, 1, '2001:db8::2')).toBe(0);
  });

  it('of several roles is the highest', () => {
    const options: RateLimitsOptions = {
      principal: { perSecond: 1, burst: 1 },
      roles: { operator: { perSecond: 5, burst: 5 }, viewer: { perSecond: 2, burst: 2 }, robot: 'unlimited' },
    };
    const limits = create(options);
    expect(passed(limits, 10, { ...joe, roles: ['viewer', 'operator'] })).toBe(5);
    expect(passed(limits, 10, { ...joe, id: 'eve', roles: [] })).toBe(1);
    expect(passed(limits, 10, { ...joe, roles: ['operator', 'robot'] })).toBe(10);
  });

  it('does not hold the token of the installation on this machine, unless told to', () => {
    expect(passed(create(), 10_000, root, 1, '127.0.0.1')).toBe(10_000);
    expect(passed(create(), 1_000, root, 1, '192.0.2.1')).toBe(400);
    expect(passed(create({ root: { perSecond: 1, burst: 5 } }), 10, root, 1, '127.0.0.1')).toBe(5);
  });

  it.each([
    { perSecond: 0, burst: 1 },
    { perSecond: 1, burst: 0 },
    { perSecond: Number.NaN, burst: 1 },
  ])('that makes no sense is refused: %o', (principal) => {
    expect(() => create({ principal })).toThrow(expect.objectContaining({ code: 'POLICY_INVALID' }));
  });

  it('leaves no timer', () => {
    passed(create(), 1_000, joe);
    expect(clock.pendingTimers).toBe(0);
  });
});
