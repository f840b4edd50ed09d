import { type Route, type RouteName, ROUTES } from '@roundhouse/api';
import { createScope, type Scope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createOverloadGuard,
  type OverloadGuard,
  type OverloadOptions,
  type Pressure,
  SHED_ORDER,
  type ShedClass,
  shedClassOf,
} from './overload.ts';
import { processPressure } from './processPressure.ts';

const CALM: Pressure = { loopDelayMs: 0, heapRatio: 0.1, memoryRatio: 0.1 };
const ALL: readonly ShedClass[] = [...SHED_ORDER, 'never'];

let clock: FakeClock;
let scope: Scope;
let pressure: Pressure;
let changes: unknown[];

beforeEach(() => {
  clock = new FakeClock();
  scope = createScope({ clock });
  pressure = CALM;
  changes = [];
});
afterEach(() => {
  scope.end();
  expect(clock.pendingTimers).toBe(0);
});

function create(options: OverloadOptions = {}): OverloadGuard {
  const onChange = (level: number, reason: string): void => void changes.push([level, reason]);
  return createOverloadGuard(options, { clock, pressure: () => pressure, onChange }, scope);
}

/** The classes that are refused now. */
function refused(guard: OverloadGuard): ShedClass[] {
  return ALL.filter((shed) => {
    try {
      guard.enter(shed);
      guard.leave();
      return false;
    } catch (error) {
      expect(error).toMatchObject({ code: 'OVERLOADED', status: 503, details: { retry_after_ms: 2_000 } });
      return true;
    }
  });
}

describe('a server under pressure', () => {
  it.each([
    ['the event loop is late', 'loopDelayMs', [0, 99.9, 100, 200, 400, 1_000, 9_999]],
    ['the heap is nearly full', 'heapRatio', [0, 0.84, 0.85, 0.9, 0.94, 0.97, 1]],
    ['the memory is nearly full', 'memoryRatio', [0, 0.84, 0.85, 0.9, 0.94, 0.97, 1]],
  ] as const)('refuses in the stated order when %s', async (reason, name, figures) => {
    const guard = create();
    const seen: number[] = [];
    for (const figure of figures) {
      pressure = { ...CALM, [name]: figure };
      await clock.advance(500);
      expect(refused(guard)).toEqual(guard.refused);
      seen.push(guard.level);
    }
    expect(seen).toEqual([0, 0, 1, 2, 3, 4, 4]);
    expect(changes).toEqual([1, 2, 3, 4].map((level) => [level, reason]));
  });

  it('takes requests again only when it is well below', async () => {
    const guard = create();
    const levels: number[] = [];
    for (const loopDelayMs of [250, 199, 181, 179, 100, 95, 89]) {
      pressure = { ...CALM, loopDelayMs };
      await clock.advance(500);
      levels.push(guard.level);
    }
    expect(levels).toEqual([2, 2, 2, 1, 1, 1, 0]);
    expect(refused(guard)).toEqual([]);
  });

  it('looks seldom while nobody asks for anything, and often as soon as somebody does', async () => {
    let looks = 0;
    const guard = createOverloadGuard({}, { clock, pressure: () => (looks++, pressure) }, scope);
    await clock.advance(500);
    expect(looks).toBe(1);
    await clock.advance(10_000);
    expect(looks).toBe(3);
    guard.enter('reads');
    await clock.advance(5_000);
    expect(looks).toBe(13);
    guard.leave();
    await clock.advance(20_000);
    expect(looks).toBeLessThan(20);
    pressure = { ...CALM, heapRatio: 0.9 };
    await clock.advance(5_000);
    const before = looks;
    await clock.advance(5_000);
    expect(looks).toBe(before + 10);
  });

  it('goes by the worst of its figures', async () => {
    const guard = create();
    pressure = { loopDelayMs: 150, heapRatio: 0.95, memoryRatio: 0.9 };
    await clock.advance(500);
    expect(changes).toEqual([[3, 'the heap is nearly full']]);
    expect(refused(guard)).toEqual(['openings', 'lists', 'reads']);
  });

  it('refuses by the requests under way, at once', () => {
    const guard = create({ maxOpenRequests: 10 });
    const levels = Array.from({ length: 12 }, () => {
      const now = refused(guard).length;
      expect(guard.level).toBe(now);
      guard.enter('never');
      return now;
    });
    expect(levels).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 4]);
    for (let left = 0; left < 12; left++) guard.leave();
    expect([guard.openRequests, refused(guard).length]).toEqual([0, 0]);
  });

  it('does not count what it refuses', () => {
    const guard = create({ maxOpenRequests: 1 });
    guard.enter('rest');
    expect(() => guard.enter('rest')).toThrow();
    expect(guard.openRequests).toBe(1);
    guard.leave();
    guard.enter('rest');
  });
});

describe('the class of a route', () => {
  it('never refuses what tells how the server is', () => {
    const names: RouteName[] = ['livez', 'readyz', 'getMetrics', 'getUsage'];
    for (const name of names) expect(shedClassOf(name)).toBe('never');
  });

  it.each<[RouteName, ShedClass]>([
    ['createSession', 'openings'],
    ['migrateSession', 'openings'],
    ['listSessions', 'lists'],
    ['streamEvents', 'lists'],
    ['exportMetrics', 'lists'],
    ['getSession', 'reads'],
    ['getScreen', 'reads'],
    ['sendInput', 'rest'],
    ['deleteSession', 'rest'],
    ['drainEndpoint', 'rest'],
  ])('%s is of the %s', (name, shed) => {
    expect(shedClassOf(name)).toBe(shed);
  });

  it('of all that list is the same', () => {
    const lists = (Object.entries<Route>(ROUTES) as Array<[RouteName, Route]>).flatMap(([name, { permission }]) =>
      typeof permission === 'object' && permission.verb === 'list' ? [name] : [],
    );
    expect(lists.length).toBeGreaterThan(3);
    expect(new Set(lists.map(shedClassOf))).toEqual(new Set(['lists']));
  });
});

describe('the pressure on this process', () => {
  it('is read from what the process and the machine say', async () => {
    const read = processPressure(scope);
    expect(read().loopDelayMs).toBe(0);
    const { heapRatio, memoryRatio } = read();
    for (const ratio of [heapRatio, memoryRatio]) {
      expect(ratio).toBeGreaterThan(0);
      expect(ratio).toBeLessThan(1);
    }
  });

  it('sees a loop that is held up, once it is busy', async () => {
    const read = processPressure(scope);
    const turns = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 25));
    const holdUp = async (): Promise<void> => {
      await turns();
      const until = performance.now() + 200;
      while (performance.now() < until);
      await turns();
    };
    await turns();
    read();
    await holdUp();
    expect(read().loopDelayMs).toBe(0);
    await holdUp();
    expect(read().loopDelayMs).toBeGreaterThan(20);
  });
});
