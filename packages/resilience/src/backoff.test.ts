import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Backoff, constantBackoff, exponentialBackoff, type Random } from './backoff.ts';

function delays(backoff: Backoff, count: number, random: Random): number[] {
  const found: number[] = [];
  for (let step = backoff.next(random); found.length < count; step = step.next(random)) found.push(step.delayMs);
  return found;
}

const never: Random = () => {
  throw new Error('asked for chance');
};

describe('constantBackoff', () => {
  it('waits the same each time, without chance', () => {
    expect(delays(constantBackoff(70), 3, never)).toEqual([70, 70, 70]);
  });
});

describe('exponentialBackoff', () => {
  it('doubles up to the maximum and stays there', () => {
    const backoff = exponentialBackoff({ initialMs: 100, maxMs: 500, jitter: 'none' });
    expect(delays(backoff, 5, never)).toEqual([100, 200, 400, 500, 500]);
  });

  it('grows by its factor', () => {
    const backoff = exponentialBackoff({ initialMs: 1, maxMs: 1_000, factor: 10, jitter: 'none' });
    expect(delays(backoff, 4, never)).toEqual([1, 10, 100, 1_000]);
  });

  it('takes a part of the ceiling with full jitter, which is the default', () => {
    const backoff = exponentialBackoff({ initialMs: 100, maxMs: 300 });
    expect(delays(backoff, 3, () => 0.5)).toEqual([50, 100, 150]);
    expect(delays(backoff, 3, () => 0)).toEqual([0, 0, 0]);
  });

  it('wanders between the initial delay and three times the last with decorrelated jitter', () => {
    const backoff = exponentialBackoff({ initialMs: 100, maxMs: 10_000, jitter: 'decorrelated' });
    expect(delays(backoff, 3, () => 0.5)).toEqual([200, 350, 575]);
    expect(delays(backoff, 3, () => 0)).toEqual([100, 100, 100]);
  });

  it('is a value: a step asked twice answers the same', () => {
    const start = exponentialBackoff({ initialMs: 100, maxMs: 10_000, jitter: 'none' });
    const second = start.next(never).next(never);
    start.next(never);
    expect([second.next(never).delayMs, second.next(never).delayMs]).toEqual([400, 400]);
    expect(start.next(never).delayMs).toBe(100);
  });

  it('stays within its bounds whatever chance does', () => {
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(
        fc.record({
          initialMs: fc.integer({ min: 1, max: 1_000 }),
          maxMs: fc.integer({ min: 1_000, max: 60_000 }),
          factor: fc.integer({ min: 1, max: 100 }),
          jitter: fc.constantFrom('none', 'full', 'decorrelated'),
        }),
        fc.array(chance, { minLength: 1, maxLength: 40 }),
        (options, chances) => {
          let at = 0;
          const found = delays(exponentialBackoff(options), 30, () => chances[at++ % chances.length] as number);
          found.forEach((delayMs, index) => {
            const ceilingMs = Math.min(options.initialMs * options.factor ** (index + 1), options.maxMs);
            expect(delayMs).toBeLessThanOrEqual(ceilingMs);
            expect(delayMs).toBeGreaterThanOrEqual(options.jitter === 'full' ? 0 : options.initialMs);
          });
        },
      ),
    );
  });

  it.each([
    { initialMs: 0, maxMs: 10 },
    { initialMs: 11, maxMs: 10 },
    { initialMs: 1, maxMs: 2 ** 31 },
    { initialMs: 1, maxMs: 10, factor: 0.5 },
    { initialMs: 1, maxMs: Number.NaN },
  ])('refuses %j', (options) => {
    expect(() => exponentialBackoff(options)).toThrow(expect.objectContaining({ code: 'POLICY_INVALID' }));
  });
});
