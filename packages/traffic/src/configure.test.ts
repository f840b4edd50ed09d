import { createScope, type Scope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EndpointOptions } from './endpoint.ts';
import { createEndpointGroup } from './group.ts';
import type { EndpointGroup } from './groupContract.ts';
import type { EndpointGroupOptions, GroupConfiguration } from './groupOptions.ts';
import type { Lease, MoveWish } from './lease.ts';
import { ScriptedHealth } from './scriptedHealth.ts';
import { seededRandom } from './seededRandom.ts';
import { STRATEGY_NAMES } from './strategy/strategies.ts';

type Target = string;

let clock: FakeClock;
let scope: Scope;
let group: EndpointGroup<Target>;
let healths: Map<string, ScriptedHealth>;

beforeEach(() => {
  clock = new FakeClock();
  scope = createScope({ clock });
});

afterEach(() => {
  group.close();
  expect(clock.pendingTimers).toBe(0);
});

function build(
  endpoints: ReadonlyArray<Partial<EndpointOptions<Target>> & { readonly id: string }>,
  options: Partial<EndpointGroupOptions> = {},
): void {
  healths = new Map();
  group = createEndpointGroup<Target>(
    { id: 'lpars', ...options },
    {
      clock,
      random: seededRandom(1),
      createHealth: ({ id }) => {
        const health = new ScriptedHealth();
        healths.set(id, health);
        return health;
      },
    },
  );
  for (const endpoint of endpoints) group.set({ target: `${endpoint.id}:23`, ...endpoint });
}

async function take(count: number, request = {}): Promise<Lease<Target>[]> {
  const leases: Lease<Target>[] = [];
  for (let n = 0; n < count; n++) leases.push(await group.acquire(request, scope));
  return leases;
}

const placeOf = (lease: Lease<Target>): string => lease.endpoint.id;
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'granted',
    (error: { readonly code: string }) => error.code,
  );

describe('a group that is configured anew', () => {
  it('chooses by the new strategy from the next request on, and keeps leases, health and decisions', async () => {
    build([{ id: 'a' }, { id: 'b' }, { id: 'c' }], { strategy: 'least_connections' });
    const leases = await take(4);
    healths.get('c')?.become('degraded');
    const before = group.view();
    group.configure({ strategy: 'round_robin' });
    expect(group.view()).toEqual({ ...before, strategy: 'round_robin' });
    expect((await take(4)).map(placeOf)).toEqual(['a', 'b', 'a', 'b']);
    for (const lease of leases) {
      expect(lease).toMatchObject({ wish: null, isReleased: false });
      expect(group.explain(lease.decision)).toMatchObject({ strategy: 'least_connections' });
    }
    expect([...healths.values()].map(({ phase }) => phase)).toEqual(['started', 'started', 'started']);
  });

  it('begins the turns of a strategy anew when it comes back to it', async () => {
    build([{ id: 'a' }, { id: 'b' }], { strategy: 'round_robin' });
    expect((await take(1)).map(placeOf)).toEqual(['a']);
    group.configure({ strategy: 'round_robin', queue: { max: 1 } });
    expect((await take(1)).map(placeOf)).toEqual(['b']);
    await take(1);
    group.configure({ strategy: 'random' });
    group.configure({ strategy: 'round_robin' });
    expect((await take(1)).map(placeOf)).toEqual(['a']);
  });

  it('leaves everything as it was when an option is impossible', async () => {
    build([{ id: 'a', limits: { sessions: 1 } }], { strategy: 'round_robin', queue: { max: 1 } });
    await take(1);
    expect(() => group.configure({ strategy: 'random', queue: { max: 0, timeoutMs: 0 } })).toThrow(
      expect.objectContaining({ code: 'GROUP_OPTION_INVALID' }),
    );
    expect(group.view().strategy).toBe('round_robin');
    const waits = codeOf(group.acquire({}, scope));
    expect(await codeOf(group.acquire({}, scope))).toBe('QUEUE_FULL');
    group.close();
    expect(await waits).toBe('GROUP_CLOSED');
    expect(() => group.configure({})).toThrow(expect.objectContaining({ code: 'GROUP_CLOSED' }));
  });

  describe('keys', () => {
    const sticky = (more = {}): GroupConfiguration => ({ affinity: { mode: 'sticky', ...more } });

    /** Where a key is served now, with nothing that would lead it there but its memory. */
    async function servedAt(key: string): Promise<string> {
      const [lease] = (await take(1, { key })) as [Lease<Target>];
      lease.release();
      return placeOf(lease);
    }

    /** Joe and Ann on the endpoint that the hash of their names does not lead to. */
    async function remembered(): Promise<void> {
      build([{ id: 'a' }], sticky());
      await servedAt('joe');
      await clock.advance(1_000);
      await servedAt('ann');
      group.set({ id: 'b', target: 'b:23', weight: 1_000 });
    }

    it('stay where they were while the mode is sticky', async () => {
      await remembered();
      group.configure({ ...sticky({ maxKeys: 100, timeoutMs: 60_000 }), strategy: 'random', panic: 'refuse' });
      expect([await servedAt('joe'), await servedAt('ann')]).toEqual(['a', 'a']);
    });

    it('are forgotten beyond the new bounds', async () => {
      await remembered();
      group.configure(sticky({ maxKeys: 1 }));
      expect([await servedAt('ann'), await servedAt('joe')]).toEqual(['a', 'b']);
      await remembered();
      await clock.advance(500);
      group.configure(sticky({ timeoutMs: 1_000 }));
      expect([await servedAt('ann'), await servedAt('joe')]).toEqual(['a', 'b']);
    });

    it('are forgotten with the mode', async () => {
      await remembered();
      group.configure({ affinity: { mode: 'none' } });
      group.configure(sticky());
      expect([await servedAt('joe'), await servedAt('ann')]).toEqual(['b', 'b']);
    });
  });

  describe('those who wait', () => {
    it('go on waiting when the queue gets smaller: only newcomers are refused', async () => {
      build([{ id: 'a', limits: { sessions: 1 } }], { queue: { max: 5, timeoutMs: 1_000 } });
      const [lease] = (await take(1)) as [Lease<Target>];
      const outcomes = [1, 2, 3].map(() => codeOf(group.acquire({}, scope)));
      group.configure({ queue: { max: 2, timeoutMs: 10 } });
      expect(group.view().waiting).toBe(3);
      expect(await codeOf(group.acquire({}, scope))).toBe('QUEUE_FULL');
      // The time that each has is that of its beginning.
      await clock.advance(999);
      lease.release();
      expect(await outcomes[0]).toBe('granted');
      await clock.advance(1);
      expect(await Promise.all(outcomes)).toEqual(['granted', 'GROUP_FULL', 'GROUP_FULL']);
    });

    it.each([
      ['spread', 'granted'],
      ['refuse', 'NO_ENDPOINT'],
    ] as const)('for a healthy endpoint are served by the new rule %s at once', async (panic, outcome) => {
      build([{ id: 'a' }], { panic: 'queue' });
      healths.get('a')?.become('unhealthy');
      const waits = codeOf(group.acquire({}, scope));
      expect(group.view().waiting).toBe(1);
      group.configure({ panic });
      expect(group.view().waiting).toBe(0);
      expect(await waits).toBe(outcome);
    });
  });

  it('gives an endpoint no new burst of logons when its options are set again', async () => {
    const LIMITED = { id: 'a', target: 'a:23', logons: { perSecond: 1, burst: 2 } };
    build([LIMITED]);
    await clock.advance(10_000);
    await take(2);
    const waits = codeOf(group.acquire({}, scope));
    group.set({ ...LIMITED, weight: 2 });
    group.set({ ...LIMITED, logons: { perSecond: 2, burst: 2 } });
    await clock.advance(499);
    expect(group.view().waiting).toBe(1);
    await clock.advance(1);
    expect(await waits).toBe('granted');
    group.set({ ...LIMITED, logons: null });
    await take(5);
  });

  describe('failback', () => {
    const RULES = { delayMs: 1_000, batch: 2, intervalMs: 100 };

    async function failedOver(mode: 'manual' | 'when_idle'): Promise<Lease<Target>[]> {
      build([{ id: 'main' }, { id: 'spare', priority: 1 }], { failback: { ...RULES, mode } });
      healths.get('main')?.become('unhealthy');
      const leases = await take(3);
      healths.get('main')?.become('healthy');
      return leases;
    }

    const wishes = (leases: readonly Lease<Target>[]): Array<number | undefined> =>
      leases.map(({ wish }) => wish?.deadline);

    it('begins after its delay when it is allowed', async () => {
      const leases = await failedOver('manual');
      group.configure({ failback: { ...RULES, mode: 'when_idle' } });
      await clock.advance(999);
      expect(wishes(leases)).toEqual([undefined, undefined, undefined]);
      await clock.advance(1);
      expect(wishes(leases)).toEqual([Infinity, Infinity, undefined]);
    });

    it('is withdrawn when it is allowed no more', async () => {
      const leases = await failedOver('when_idle');
      await clock.advance(1_000);
      expect(wishes(leases)).toEqual([Infinity, Infinity, undefined]);
      group.configure({ failback: { ...RULES, mode: 'manual' } });
      expect(wishes(leases)).toEqual([undefined, undefined, undefined]);
      expect(clock.pendingTimers).toBe(0);
    });

    it('in another mode asks anew; with other numbers it goes on with the rest', async () => {
      const leases = await failedOver('when_idle');
      await clock.advance(1_000);
      group.configure({ failback: { ...RULES, delayMs: 500, mode: 'when_idle' } });
      expect(wishes(leases)).toEqual([Infinity, Infinity, undefined]);
      await clock.advance(500);
      expect(wishes(leases)).toEqual([Infinity, Infinity, Infinity]);
      group.configure({ failback: { ...RULES, mode: 'immediate' } });
      expect(wishes(leases)).toEqual([undefined, undefined, undefined]);
      await clock.advance(1_000);
      expect(wishes(leases)).toEqual([2_500, 2_500, undefined]);
    });
  });
});

describe('whatever is configured', () => {
  const configuration: fc.Arbitrary<GroupConfiguration> = fc.record({
    strategy: fc.constantFrom(...STRATEGY_NAMES),
    affinity: fc.record({
      mode: fc.constantFrom('none' as const, 'hash' as const, 'sticky' as const),
      maxKeys: fc.integer({ min: 1, max: 3 }),
      timeoutMs: fc.integer({ min: 1, max: 1_000 }),
    }),
    queue: fc.record({ max: fc.nat(4), timeoutMs: fc.integer({ min: 1, max: 500 }) }),
    panic: fc.constantFrom('spread' as const, 'queue' as const, 'refuse' as const),
    panicThreshold: fc.constantFrom(0, 0.5),
    failback: fc.record({ mode: fc.constantFrom('manual' as const, 'when_idle' as const), delayMs: fc.nat(100) }),
  });
  const id = fc.constantFrom('a', 'b', 'c');
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant('acquire' as const), key: fc.constantFrom('joe', 'ann') }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('release' as const), which: fc.nat(50) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('configure' as const), configuration }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('set' as const),
        id,
        options: fc.record({
          weight: fc.nat(5),
          priority: fc.nat(1),
          limits: fc.record({ sessions: fc.nat(4) }),
          logons: fc.option(fc.record({ perSecond: fc.integer({ min: 1, max: 50 }) })),
        }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('sick' as const, 'well' as const), id }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(400) }) },
  );

  it('every lease is kept, no endpoint is given out beyond its limit, and only sickness and failback ask to move', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (script) => {
        clock = new FakeClock();
        scope = createScope({ clock });
        build(['a', 'b', 'c'].map((each) => ({ id: each, limits: { sessions: 3 } })));
        const held: Lease<Target>[] = [];
        const wishes: MoveWish[] = [];
        const sick = new Set<string>();
        let mayFailBack = true;
        let asked = 0;
        let released = 0;
        let refused = 0;
        for (const each of script) {
          const before = new Map(group.view().endpoints.map((endpoint) => [endpoint.id, endpoint.active]));
          wishes.length = 0;
          switch (each.do) {
            case 'acquire':
              asked++;
              group.acquire({ key: each.key }, scope).then(
                (lease) => {
                  held.push(lease);
                  lease.on('moveWanted', (wish) => wishes.push(wish));
                },
                () => refused++,
              );
              break;
            case 'release':
              for (const lease of held.splice(each.which % Math.max(1, held.length), 1)) {
                lease.release();
                released++;
              }
              break;
            case 'configure':
              group.configure(each.configuration);
              mayFailBack = each.configuration.failback?.mode !== 'manual';
              break;
            case 'set':
              group.set({ id: each.id, target: `${each.id}:23`, ...each.options });
              break;
            case 'pass':
              await clock.advance(each.ms);
              break;
            default:
              healths.get(each.id)?.become(each.do === 'sick' ? 'unhealthy' : 'healthy');
              if (each.do === 'sick') sick.add(each.id);
              else sick.delete(each.id);
          }
          if (each.do === 'configure' || each.do === 'set') expect(wishes).toEqual([]);
          await clock.advance(0);
          const view = group.view();
          expect(view.leases).toBe(held.length);
          expect(held.length + released + refused + view.waiting).toBe(asked);
          for (const { id: of, active, limits } of view.endpoints) {
            expect(active).toBe(held.filter((lease) => placeOf(lease) === of).length);
            // A limit that has shrunk under its leases takes no more of them.
            expect(active).toBeLessThanOrEqual(Math.max(limits['sessions'] as number, before.get(of) ?? 0));
          }
          for (const lease of held) {
            if (lease.wish?.reason === 'unhealthy') expect(sick).toContain(placeOf(lease));
            else if (lease.wish !== null) expect([lease.wish.reason, mayFailBack]).toEqual(['failback', true]);
          }
        }
        group.close();
        await clock.advance(0);
        for (const lease of held) lease.release();
        expect(group.view()).toMatchObject({ leases: 0, waiting: 0 });
        expect(clock.pendingTimers).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});
