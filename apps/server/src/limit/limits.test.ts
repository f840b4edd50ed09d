import { openSync, closeSync } from 'node:fs';
import { createScope, type Scope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLimits, type LimitDefinition, type Limits } from './limits.ts';
import { maxDescriptors, openDescriptors } from './descriptors.ts';
import { processLimits } from './processLimits.ts';
import { LIMIT_STATUSES, nextStatus } from './status.ts';

let clock: FakeClock;
let scope: Scope;
let used: number;
let capacity: number;
let changes: string[];

beforeEach(() => {
  clock = new FakeClock();
  scope = createScope({ clock });
  used = 0;
  capacity = 100;
  changes = [];
});
afterEach(() => {
  scope.end();
  expect(clock.pendingTimers).toBe(0);
});

function create(definition: Partial<LimitDefinition> = {}): Limits {
  const sessions: LimitDefinition = {
    name: 'sessions',
    unit: 'count',
    usage: () => used,
    capacity: () => capacity,
    ...definition,
  };
  const onChange = (change: string, { name, used: now }: { name: string; used: number | null }): void => {
    changes.push(`${name} ${change} ${now}`);
  };
  return createLimits([sessions], { clock, onChange }, scope);
}

/** What is told while the use goes through these numbers, one a second. */
async function goThrough(numbers: readonly number[]): Promise<string[]> {
  for (used of numbers) await clock.advance(1_000);
  return changes;
}

describe('a limit', () => {
  it('tells once that it is near, reached and well again', async () => {
    create();
    const told = await goThrough([10, 79, 80, 85, 100, 120, 95, 100, 91, 90, 89, 75, 71, 69, 10]);
    expect(told).toEqual(['sessions near 80', 'sessions reached 100', 'sessions recovered 69']);
  });

  it('tells again when it is reached again after it had been left', async () => {
    create();
    expect(await goThrough([100, 89, 100])).toEqual(['sessions reached 100', 'sessions reached 100']);
  });

  it('goes from nothing to reached and back at once', async () => {
    create();
    expect(await goThrough([100, 0])).toEqual(['sessions reached 100', 'sessions recovered 0']);
  });

  it('has ratios of its own', async () => {
    create({ warnRatio: 0.5, recoverRatio: 0.2 });
    expect(await goThrough([49, 50, 21, 20, 19])).toEqual(['sessions near 50', 'sessions recovered 19']);
  });

  it('follows a capacity that changes', async () => {
    create();
    await goThrough([50]);
    capacity = 50;
    await goThrough([50]);
    capacity = 1_000;
    expect(await goThrough([50])).toEqual(['sessions reached 50', 'sessions recovered 50']);
  });

  it('without a bound, or of which nothing is known, is never near', async () => {
    capacity = Infinity;
    const limits = create();
    await goThrough([1e12]);
    expect(limits.usage()).toMatchObject([{ used: 1e12, capacity: null, state: 'ok' }]);
    capacity = 1;
    expect(await goThrough([Number.NaN])).toEqual([]);
    expect(limits.usage()).toEqual([]);
  });

  it('shows what is used at this moment, and what it came to at the last look', async () => {
    const limits = create();
    await goThrough([85, 82]);
    used = 20;
    expect(limits.usage()).toEqual([{ name: 'sessions', unit: 'count', used: 20, capacity: 100, state: 'near' }]);
    limits.sample();
    expect(changes.at(-1)).toBe('sessions recovered 20');
  });
});

describe('the status of a limit', () => {
  it('is reached when nothing is left and ok when little is used, whatever was before', () => {
    const ratios = { warn: 0.8, recover: 0.7 };
    fc.assert(
      fc.property(fc.constantFrom(...LIMIT_STATUSES), fc.double({ min: 0, max: 2, noNaN: true }), (before, ratio) => {
        const after = nextStatus(before, ratio, ratios);
        if (ratio >= 1) expect(after).toBe('reached');
        else if (ratio < 0.7) expect(after).toBe('ok');
        else if (ratio >= 0.8) expect(after).not.toBe('ok');
        // The same use a second time changes nothing.
        expect(nextStatus(after, ratio, ratios)).toBe(after);
      }),
    );
  });
});

describe('the limits of the process', () => {
  it('are what the system says', () => {
    const limits = createLimits(processLimits(), { clock, onChange: () => {} }, scope);
    const [memory, descriptors] = limits.usage();
    expect(memory).toMatchObject({ name: 'memory', unit: 'bytes' });
    expect(memory?.used).toBeGreaterThan(0);
    expect(memory?.used).toBeLessThan(memory?.capacity as number);
    expect(descriptors).toMatchObject({ name: 'descriptors', capacity: maxDescriptors() });
  });

  it('count each descriptor', () => {
    const before = openDescriptors();
    const files = [1, 2, 3].map(() => openSync('/dev/null', 'r'));
    expect(openDescriptors()).toBe(before + 3);
    for (const file of files) closeSync(file);
    expect(openDescriptors()).toBe(before);
  });
});
