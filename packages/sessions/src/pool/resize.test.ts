import type { EndpointGroupInput } from '@roundhouse/api';
import type { FakeSession } from '@roundhouse/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type GatewayWorld, IN_GROUP } from '../hosts.fixture.ts';
import { NAVIGATION, RECYCLE, showMenu, warmWorld } from './parking.fixture.ts';

const MINUTE = 60_000;
/** Until the first line has proved that it can be done, and the rest has followed. */
const FILLED = 100;

const poolOf = ({ gateway }: GatewayWorld) => gateway.directory.group('prod').pool;
const status = ({ gateway }: GatewayWorld) => gateway.directory.groupResource('prod').warm;
const alive = ({ hosts }: GatewayWorld): FakeSession[] => [...hosts.sessions.values()].flatMap((all) => [...all]);
const told = (world: GatewayWorld) => world.told('prod').filter((type) => type.startsWith('pool.'));

async function filled(size: number): Promise<GatewayWorld> {
  const world = warmWorld(['lpar1'], { size });
  await world.clock.advance(FILLED);
  return world;
}

/** The group with these fields; what is not said is as `warmWorld` has it. */
function set({ gateway }: GatewayWorld, warm: Record<string, unknown> | null, group: Partial<EndpointGroupInput> = {}) {
  gateway.directory.setGroup({
    id: 'prod',
    navigation: NAVIGATION,
    warm: warm && { recycle: RECYCLE, size: 3, ...warm },
    ...group,
  });
}

async function ends(world: GatewayWorld): Promise<void> {
  await world.gateway.close();
  expect(alive(world)).toEqual([]);
  expect(world.clock.pendingTimers).toBe(0);
}

describe('a pool whose group is changed', () => {
  it('is the same, with the same sessions, when the change is none of its business', async () => {
    const world = await filled(3);
    const [pool, before] = [poolOf(world), alive(world)];
    set(world, {}, { strategy: 'random', queue: { max: 1 }, labels: { env: 'prod' }, failover: { max_parallel: 4 } });
    await world.clock.advance(FILLED);
    expect(poolOf(world)).toBe(pool);
    expect(alive(world)).toEqual(before);
    expect(told(world)).toEqual(['pool.filled']);
    await ends(world);
  });

  it('grows and shrinks to its size, and what is leased stays leased', async () => {
    const world = await filled(3);
    const { gateway, scope, clock } = world;
    const pool = poolOf(world);
    const leased = await gateway.create(IN_GROUP, scope);
    set(world, { size: 6 });
    await clock.advance(FILLED);
    expect(status(world)).toEqual({ size: 6, ready: 6, opening: 0, leased: 1 });
    expect(told(world)).toEqual(['pool.filled', 'pool.filled']);
    set(world, { size: 2 });
    expect(status(world)).toEqual({ size: 2, ready: 2, opening: 0, leased: 1 });
    await clock.advance(FILLED);
    expect(alive(world)).toHaveLength(3);
    expect([poolOf(world), leased.state]).toEqual([pool, 'connected']);
    await gateway.sessions.remove(leased.id);
    await clock.advance(FILLED);
    expect(status(world)).toEqual({ size: 2, ready: 2, opening: 0, leased: 0 });
    await ends(world);
  });

  it('gives up attempts that it needs no more, which is no failure', async () => {
    const world = warmWorld(['lpar1'], { size: 3 });
    world.hosts.silence('lpar1');
    await world.clock.advance(FILLED);
    expect(status(world)).toMatchObject({ opening: 1 });
    set(world, { size: 0 });
    await world.clock.advance(FILLED);
    expect(status(world)).toEqual({ size: 0, ready: 0, opening: 0, leased: 0 });
    expect(told(world)).not.toContain('pool.failing');
    expect(alive(world)).toEqual([]);
    await ends(world);
  });

  it('lets go of what is more than enough when it arrives', async () => {
    const world = await filled(1);
    const { clock, hosts } = world;
    hosts.onSession = (_, session) => {
      session.onAid = () => {
        const answer = clock.setTimer(1_000, () => showMenu(session));
        session.on('closed', () => answer.cancel());
      };
    };
    set(world, { size: 4 });
    await clock.advance(FILLED);
    expect(status(world)).toMatchObject({ ready: 1, opening: 3 });
    set(world, { size: 2 });
    await clock.advance(1_000 + FILLED);
    expect(status(world)).toEqual({ size: 2, ready: 2, opening: 0, leased: 0 });
    expect(alive(world)).toHaveLength(2);
    await ends(world);
  });

  it('replaces what is too old by the new age', async () => {
    const world = await filled(3);
    const before = alive(world);
    await world.clock.advance(10 * MINUTE);
    set(world, { max_age_ms: 20 * MINUTE });
    await world.clock.advance(MINUTE);
    expect(alive(world)).toEqual(before);
    set(world, { max_age_ms: 5 * MINUTE });
    await world.clock.advance(FILLED);
    expect(status(world)).toMatchObject({ ready: 3 });
    expect(alive(world).filter((each) => before.includes(each))).toEqual([]);
    await ends(world);
  });

  it.each([
    [1, 0],
    [2, 1],
  ])('takes back what it has leased if it may be used %i times now', async (max_uses, ready) => {
    const world = await filled(1);
    // Nothing else becomes ready, and there is need for more than is opened.
    world.hosts.silence('lpar1');
    const entry = await world.gateway.create(IN_GROUP, world.scope);
    set(world, { size: 3, max_uses }, { failover: { max_parallel: 1 } });
    await world.gateway.sessions.remove(entry.id);
    await world.clock.advance(FILLED);
    expect(status(world)).toMatchObject({ ready });
    await ends(world);
  });

  it.each<[string, Partial<EndpointGroupInput>]>([
    ['script', { navigation: { ...NAVIGATION, name: 'another' } }],
    ['recycle script', { warm: { size: 3 } }],
    ['model', { model: '3278-4-E' }],
  ])('is replaced when the %s is another: the old one ends with the last that it has leased', async (_, change) => {
    const world = await filled(3);
    const { gateway, scope, clock } = world;
    const [old, before] = [poolOf(world), alive(world)];
    const leased = await gateway.create(IN_GROUP, scope);
    await clock.advance(FILLED);
    set(world, {}, change);
    await clock.advance(FILLED);
    expect(poolOf(world)).not.toBe(old);
    expect(status(world)).toEqual({ size: 3, ready: 3, opening: 0, leased: 0 });
    expect(alive(world)).toHaveLength(4);
    expect(alive(world).filter((each) => before.includes(each))).toHaveLength(1);
    expect(leased.screen('text').body).toContain('MAIN MENU');
    await gateway.sessions.remove(leased.id);
    await clock.advance(FILLED);
    expect(alive(world)).toHaveLength(3);
    await ends(world);
  });

  it('ends when the group wants none, and begins when it wants one', async () => {
    const world = await filled(3);
    set(world, null);
    await world.clock.advance(FILLED);
    expect([status(world), alive(world)]).toEqual([null, []]);
    set(world, { size: 2 });
    await world.clock.advance(FILLED);
    expect(status(world)).toMatchObject({ ready: 2 });
    await ends(world);
  });

  it('comes to its size and counts right, whatever it is changed to while it is used', async () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constant('create' as const) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), which: fc.nat(20) }) },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant('set' as const),
          size: fc.nat(5),
          more: fc.record(
            { max_age_ms: fc.constantFrom(10_000, 60_000), max_uses: fc.integer({ min: 1, max: 3 }) },
            { requiredKeys: [] },
          ),
          group: fc.record(
            { model: fc.constantFrom('3278-2-E', '3278-4-E'), failover: fc.record({ max_parallel: fc.constant(2) }) },
            { requiredKeys: [] },
          ),
        }),
      },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 100, 30_000) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const world = await filled(3);
        const { gateway, scope, clock } = world;
        let size = 3;
        const created = new Set<string>();
        for (const each of steps) {
          if (each.do === 'create') created.add((await gateway.create(IN_GROUP, scope)).id);
          else if (each.do === 'set') set(world, { size: (size = each.size), ...each.more }, each.group);
          else if (each.do === 'wait') await clock.advance(each.ms);
          else {
            const id = [...created][each.which % Math.max(1, created.size)];
            if (id !== undefined && created.delete(id)) void gateway.sessions.remove(id);
          }
          const { ready, opening, leased } = status(world) as NonNullable<ReturnType<typeof status>>;
          expect(ready).toBeLessThanOrEqual(size);
          expect(Math.min(opening, leased)).toBeGreaterThanOrEqual(0);
          // No user is ever sent away by a change.
          for (const id of created) expect(gateway.sessions.get(id).state).toMatch(/^(connected|idle)$/);
        }
        await clock.advance(FILLED);
        expect(status(world)).toMatchObject({ size, ready: size, opening: 0 });
        expect(alive(world)).toHaveLength(size + created.size);
        await ends(world);
      }),
      { numRuns: 60 },
    );
  });
});
