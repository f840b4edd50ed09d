import { describe, expect, it } from 'vitest';
import { createTrip, type TripOptions } from './trip.ts';

/** Plays a call each 10 ms, `x` a failure and `.` a success; says after which call it trips. */
function tripsAt(options: TripOptions, calls: string, everyMs = 10): number | undefined {
  const trip = createTrip(options);
  for (const [index, call] of [...calls].entries()) {
    if (call === '.') trip.succeeded(index * everyMs);
    else if (trip.failed(index * everyMs)) return index + 1;
  }
  return undefined;
}

describe('Trip', () => {
  it.each<[TripOptions, string, number | undefined]>([
    [{ by: 'consecutive', failures: 3 }, 'xx.xxx', 6],
    [{ by: 'consecutive', failures: 3 }, 'xx.xx.xx.', undefined],
    [{ by: 'consecutive', failures: 1 }, '..x', 3],
    [{ by: 'count', failures: 3, of: 5 }, 'x.x.x', 5],
    [{ by: 'count', failures: 3, of: 5 }, 'x..x..x..x', undefined],
    [{ by: 'count', failures: 3, of: 5 }, 'xx....xx.x', 10],
    [{ by: 'rate', share: 0.5, windowMs: 1_000, minimumCalls: 4 }, 'xxxx', 4],
    [{ by: 'rate', share: 0.5, windowMs: 1_000, minimumCalls: 4 }, 'xxx.x', 5],
    [{ by: 'rate', share: 0.5, windowMs: 1_000, minimumCalls: 4 }, '....xxxx', 8],
    [{ by: 'rate', share: 0.5, windowMs: 1_000, minimumCalls: 4 }, '..x..x..x', undefined],
  ])('%j with %s trips after call %s', (options, calls, at) => {
    expect(tripsAt(options, calls)).toBe(at);
  });

  it('by rate forgets what lies outside its window', () => {
    const options: TripOptions = { by: 'rate', share: 0.5, windowMs: 1_000, minimumCalls: 3 };
    expect(tripsAt(options, 'xxx', 400)).toBe(3);
    expect(tripsAt(options, 'xxxxxx', 600)).toBeUndefined();
  });

  it.each<TripOptions>([
    { by: 'consecutive', failures: 2 },
    { by: 'count', failures: 2, of: 4 },
    { by: 'rate', share: 1, windowMs: 1_000, minimumCalls: 2 },
  ])('%j forgets all when it is cleared', (options) => {
    const trip = createTrip(options);
    trip.failed(0);
    trip.clear();
    expect([trip.failed(1), trip.failed(2)]).toEqual([false, true]);
  });

  it('by count does not take back, when it comes round, a failure that was cleared', () => {
    const trip = createTrip({ by: 'count', failures: 2, of: 4 });
    trip.failed(0);
    trip.clear();
    for (let call = 0; call < 3; call++) trip.succeeded(0);
    expect([trip.failed(0), trip.failed(0)]).toEqual([false, true]);
  });

  it.each<TripOptions>([
    { by: 'consecutive', failures: 0 },
    { by: 'count', failures: 6, of: 5 },
    { by: 'rate', share: 0, windowMs: 1_000, minimumCalls: 1 },
    { by: 'rate', share: 0.5, windowMs: 1, minimumCalls: 1 },
    { by: 'rate', share: 0.5, windowMs: 1_000, minimumCalls: 0 },
  ])('refuses %j', (options) => {
    expect(() => createTrip(options)).toThrow(expect.objectContaining({ code: 'POLICY_INVALID' }));
  });
});
