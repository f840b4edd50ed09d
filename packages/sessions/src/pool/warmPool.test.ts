import type { FakeSession } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { configure, gatewayWorld, type GatewayWorld, IN_GROUP } from '../hosts.fixture.ts';
import type { SessionEntry } from '../session/entry.ts';
import { answerWithMenu, NAVIGATION, RECYCLE, showMenu, warmWorld } from './parking.fixture.ts';
import { isServedWarm } from './warmPool.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** Until the first line has proved that it can be done, and the rest has followed. */
const FILLED = 100;

const create = ({ gateway, scope }: GatewayWorld, more = {}): Promise<SessionEntry> =>
  gateway.create({ ...IN_GROUP, ...more }, scope);
const status = ({ gateway }: GatewayWorld) => gateway.directory.groupResource('prod').warm;
const shown = (entry: SessionEntry): string => entry.screen('text').body;
const alive = (world: GatewayWorld): FakeSession[] => [...world.hosts.sessions.values()].flatMap((all) => [...all]);
const type = (entry: SessionEntry, world: GatewayWorld, text: string) =>
  entry.input({ actions: [{ type: 'text', text }] }, world.scope);

async function filled(...options: Parameters<typeof warmWorld>): Promise<GatewayWorld> {
  const world = warmWorld(...options);
  await world.clock.advance(FILLED);
  return world;
}

async function ends(world: GatewayWorld): Promise<void> {
  await world.gateway.close();
  expect(alive(world)).toEqual([]);
  expect(world.clock.pendingTimers).toBe(0);
}

/** Codes that the pool told of, in order. */
const failures = ({ events }: GatewayWorld) =>
  events.all.flatMap(({ type: name, data }) => (name === 'roundhouse.pool.failing' ? [data['code']] : []));

describe('a pool', () => {
  it('is filled to its size and says so once', async () => {
    const world = await filled(['lpar1', 'lpar2'], { size: 5 });
    expect(status(world)).toEqual({ size: 5, ready: 5, opening: 0, leased: 0 });
    expect(alive(world)).toHaveLength(5);
    expect(world.told('prod').filter((name) => name.startsWith('pool.'))).toEqual(['pool.filled']);
    await ends(world);
  });

  it('tries one logon before it tries several', async () => {
    const world = warmWorld(['lpar1'], { size: 5 });
    world.hosts.onSession = () => {};
    await world.clock.advance(FILLED);
    expect(status(world)).toMatchObject({ ready: 0, opening: 1 });
    await ends(world);
  });

  it('needs a navigation script, and a recycle script that leads through the host', () => {
    const world = gatewayWorld();
    expect(() => configure(world, [], { warm: { size: 1 } })).toThrow(
      expect.objectContaining({ code: 'WARM_NEEDS_SCRIPT', details: { group: 'prod' } }),
    );
    const local = {
      name: 'local',
      steps: [{ expect: RECYCLE.steps[0]?.expect, actions: [{ type: 'key', key: 'Home' }] }],
    };
    expect(() => configure(world, [], { navigation: NAVIGATION, warm: { size: 1, recycle: local } })).toThrow(
      expect.objectContaining({ code: 'NAVIGATION_INVALID' }),
    );
    expect(world.gateway.directory.groupIds()).toEqual([]);
  });

  it('is not there when the group wants none', () => {
    const world = gatewayWorld();
    configure(world, ['lpar1']);
    expect(status(world)).toBeNull();
  });

  it('ends with its group, and what is leased goes on until its user is done', async () => {
    const world = await filled(['lpar1'], { size: 2 });
    const entry = await create(world);
    await world.clock.advance(FILLED);
    world.gateway.directory.removeEndpoint('lpar1');
    world.gateway.directory.removeGroup('prod');
    await world.clock.advance(FILLED);
    expect(alive(world)).toHaveLength(1);
    expect(shown(entry)).toContain('MAIN MENU');
    await ends(world);
  });
});

describe('leasing', () => {
  it('gives a session out at once, on its screen, with its place and why it is there', async () => {
    const world = await filled(['lpar1'], { size: 2 });
    const before = alive(world);
    const entry = await create(world, { metadata: { job: '7' } });
    expect(entry.state).toBe('connected');
    expect(shown(entry)).toContain('MAIN MENU');
    expect(entry.resource()).toMatchObject({ endpoint: 'lpar1', group: 'prod', metadata: { job: '7' } });
    expect(world.gateway.explain(entry.id)).toMatchObject({ endpoint: 'lpar1', decision: { group: 'prod' } });
    expect(status(world)).toEqual({ size: 2, ready: 1, opening: 1, leased: 1 });
    await world.clock.advance(FILLED);
    expect(status(world)).toEqual({ size: 2, ready: 2, opening: 0, leased: 1 });
    expect(alive(world)).toEqual(expect.arrayContaining(before));
    await ends(world);
  });

  it('opens one as ever when none is ready, and runs no script there', async () => {
    const world = await filled(['lpar1'], { size: 1 });
    await create(world);
    const second = await create(world);
    expect(shown(second)).toContain('LOGON LPAR1');
    await ends(world);
  });

  it.each([
    ['nothing', {}, true],
    ['what the group gives', { model: '3279-2-E', lu: 'POOLA' }, true],
    ['another model', { model: '3278-2-E' }, false],
    ['a code page', { code_page: '273' }, false],
    ['another LU', { lu: 'LU1' }, false],
    ['no LU', { lu: null }, false],
    ['an endpoint', { endpoint: 'lpar1' }, false],
    ['a user', { user: 'JOE' }, false],
    ['a device', { device_name: 'D' }, false],
    ['a larger screen', { oversize: { rows: 60, columns: 160 } }, false],
    ['affinity', { affinity_key: 'k' }, true],
  ])('to who asks for %s: %j', (_, request, isServed) => {
    expect(isServedWarm({ ...IN_GROUP, ...request }, { model: '3279-2-E', lu: 'POOLA' })).toBe(isServed);
  });

  it('opens one for a caller who wants it fresh', async () => {
    const world = await filled(['lpar1'], { size: 1 });
    const entry = await world.gateway.create(IN_GROUP, world.scope, { isFresh: true });
    expect(shown(entry)).toContain('LOGON LPAR1');
    expect(status(world)).toMatchObject({ ready: 1, leased: 0 });
    await ends(world);
  });

  it('gives out nothing that the host has changed behind it', async () => {
    const world = await filled(['lpar1'], { size: 1 });
    for (const session of alive(world)) session.hostWrites(1, 2, 'TIMED OUT');
    const entry = await create(world);
    expect(shown(entry)).toContain('LOGON');
    expect(failures(world)).toEqual(['WARM_NOT_PARKED']);
    await ends(world);
  });

  it('replaces a line whose screen has changed without being asked', async () => {
    const world = await filled(['lpar1'], { size: 1 });
    const [old] = alive(world);
    await world.clock.advance(MINUTE);
    old?.hostWrites(1, 2, 'TIMED OUT');
    await world.clock.advance(2 * SECOND);
    expect(old?.hasEnded).toBe(true);
    expect(status(world)).toMatchObject({ ready: 1 });
    expect(failures(world)).toEqual([]);
    await ends(world);
  });
});

describe('returning', () => {
  /** Two sessions of a pool, in use; one more is on its way for long, and the next has to wait for it. */
  async function short(warm: Record<string, unknown> = {}) {
    const world = await filled(['lpar1'], { size: 2, ...warm }, { failover: { max_parallel: 1 } });
    world.hosts.onSession = () => {};
    const sessions = alive(world) as [FakeSession, FakeSession];
    const entry = await create(world);
    const other = await create(world);
    expect(status(world)).toEqual({ size: 2, ready: 0, opening: 1, leased: 2 });
    return { world, session: sessions[0], entry, other };
  }

  it('answers at once, and brings the session back behind the answer for the next user', async () => {
    const { world, session, entry } = await short();
    const answer = session.onAid;
    const held: string[] = [];
    session.onAid = (key) => held.push(key);
    await type(entry, world, 'SECRET');
    await world.gateway.sessions.remove(entry.id);
    expect(entry.state).toBe('closed');
    expect(status(world)).toEqual({ size: 2, ready: 0, opening: 2, leased: 1 });
    await world.clock.advance(10);
    expect(held).toEqual(['Clear']);
    answer?.('Clear');
    await world.clock.advance(10);
    expect(status(world)).toEqual({ size: 2, ready: 1, opening: 1, leased: 1 });
    const next = await create(world);
    expect(next.line?.session.screen).toBe(session.screen);
    expect(shown(next)).not.toContain('SECRET');
    await ends(world);
  });

  it.each<[string, Record<string, unknown>, (session: FakeSession, entry: SessionEntry) => void]>([
    ['the host still has the word', {}, (_, entry) => entry.line?.session.perform({ type: 'key', key: 'PF1' })],
    ['there is no script for the way back', { recycle: null }, () => {}],
    ['it was used often enough', { max_uses: 1 }, () => {}],
    ['the host does not answer', {}, (session) => (session.onAid = undefined)],
    ['the host hangs up', {}, (session) => (session.onAid = () => session.hostCloses())],
    [
      'it comes to another screen',
      {},
      (session) =>
        (session.onAid = () => {
          session.hostWrites(1, 2, 'NEWS     ');
          session.hostUnlocks();
        }),
    ],
    [
      'the host left on the screen what its user had typed',
      {},
      (session, entry) => {
        entry.line?.session.perform({ type: 'text', text: 'SECRET' });
        session.onAid = () => session.hostUnlocks();
      },
    ],
    ['a field holds what it did not', {}, (session) => (session.onAid = () => showMenu(session, 'SECRET'))],
  ])('closes and replaces it when %s', async (_, warm, use) => {
    const { world, session, entry } = await short(warm);
    use(session, entry);
    await world.gateway.sessions.remove(entry.id);
    await world.clock.advance(1_999);
    answerWithMenu(world);
    await world.clock.advance(MINUTE);
    expect(session.hasEnded).toBe(true);
    expect(status(world)).toEqual({ size: 2, ready: 2, opening: 0, leased: 1 });
    await ends(world);
  });

  it('closes what nobody needs any more', async () => {
    const world = await filled(['lpar1'], { size: 1 });
    const entry = await create(world);
    await world.clock.advance(FILLED);
    await world.gateway.sessions.remove(entry.id);
    await world.clock.advance(FILLED);
    expect(status(world)).toEqual({ size: 1, ready: 1, opening: 0, leased: 0 });
    expect(alive(world)).toHaveLength(1);
    await ends(world);
  });

  it.each([
    ['before it came back', 0],
    ['while it is on its way back', 1_000],
  ])('leaves its place to who waits for one since %s', async (_, answersAfterMs) => {
    const world = warmWorld([], { size: 2 }, { failover: { max_parallel: 1 } });
    world.gateway.directory.setEndpoint({ id: 'lpar1', host: 'lpar1', port: 23, group: 'prod', max_sessions: 2 });
    await world.clock.advance(FILLED);
    const [session] = alive(world) as [FakeSession];
    const keys: string[] = [];
    session.onAid = (key) => {
      keys.push(key);
      world.clock.setTimer(answersAfterMs, () => showMenu(session));
    };
    const first = await create(world);
    await create(world);
    const isLate = answersAfterMs > 0;
    const early = isLate ? undefined : create(world);
    await world.clock.advance(SECOND);
    await world.gateway.sessions.remove(first.id);
    const waiting = early ?? create(world);
    await world.clock.advance(2 * SECOND);
    expect(session.hasEnded).toBe(true);
    expect(keys).toEqual(isLate ? ['Clear'] : []);
    expect(shown(await waiting)).toContain('LOGON LPAR1');
    expect(alive(world)).toHaveLength(2);
    await ends(world);
  });

  it('cuts its user off: waits end, and nothing is seen or typed any more', async () => {
    const { world, session, entry } = await short();
    const lent = entry.line?.session as NonNullable<SessionEntry['line']>['session'];
    const seen: string[] = [];
    lent.on('screenChanged', () => seen.push('changed'));
    const wait = expect(lent.waitFor({ for: 'text', text: 'NEXT' }, world.scope)).rejects.toMatchObject({
      code: 'SESSION_CLOSED',
    });
    await world.gateway.sessions.remove(entry.id);
    await wait;
    await world.clock.advance(FILLED);
    session.hostWrites(3, 2, 'NEXT');
    expect(seen).toEqual([]);
    expect(lent.screen.cells.every((cell) => cell === 0)).toBe(true);
    expect(() => lent.perform({ type: 'text', text: 'X' })).toThrow(
      expect.objectContaining({ code: 'SESSION_CLOSED' }),
    );
    expect(lent.connectionState).toBe('not-connected');
    lent.destroy();
    expect(session.hasEnded).toBe(false);
    await ends(world);
  });

  it('also what a session left behind that moved elsewhere', async () => {
    const { world, session, entry } = await short();
    world.gateway.directory.setEndpoint({ id: 'lpar2', host: 'lpar2', port: 23, group: 'prod' });
    answerWithMenu(world);
    const { id } = world.gateway.migrate(entry.id, { endpoint: 'lpar2' });
    await world.clock.advance(SECOND);
    expect(world.gateway.operations.get(id).status).toBe('completed');
    expect(status(world)).toMatchObject({ ready: 1, leased: 1 });
    expect(session.hasEnded).toBe(false);
    await ends(world);
  });
});

describe('when hosts fail', () => {
  it('refills from the others, and gives a session that is leased another host', async () => {
    const world = await filled(['lpar1', 'lpar2'], { size: 4 });
    const entry = await create(world);
    await world.clock.advance(MINUTE);
    const { host } = entry.resource();
    world.hosts.kill(host);
    await world.clock.advance(5 * SECOND);
    expect(status(world)).toEqual({ size: 4, ready: 4, opening: 0, leased: 0 });
    expect(entry.resource()).toMatchObject({ state: 'connected', host: host === 'lpar1' ? 'lpar2' : 'lpar1' });
    expect(shown(entry)).toContain('MAIN MENU');
    await ends(world);
  });

  it('tells the reason once, tries more and more seldom, and fills when they are back', async () => {
    const world = await filled(['lpar1'], { size: 3 }, { queue: { max: 0 } });
    world.hosts.kill('lpar1');
    await world.clock.advance(10 * MINUTE);
    expect(status(world)).toMatchObject({ ready: 0, opening: 0 });
    expect(failures(world).length).toBeLessThanOrEqual(3);
    world.hosts.revive('lpar1');
    await world.clock.advance(MINUTE);
    expect(status(world)).toMatchObject({ ready: 3, opening: 0 });
    expect(world.told('prod').at(-1)).toBe('pool.filled');
    await ends(world);
  });

  it('does not log on again and again at a host that throws everybody out', async () => {
    const world = warmWorld(['lpar1'], { size: 3 });
    let logons = 0;
    const { onSession } = world.hosts;
    world.hosts.onSession = (host, session) => {
      logons++;
      onSession(host, session);
      world.clock.setTimer(SECOND, () => session.hostCloses());
    };
    await world.clock.advance(10 * MINUTE);
    expect(logons).toBeGreaterThan(10);
    expect(logons).toBeLessThan(150);
    expect(new Set(failures(world))).toEqual(new Set(['HOST_CLOSED']));
    await world.gateway.close();
    expect(alive(world)).toEqual([]);
  });

  it('leaves an endpoint that is drained at once, and comes back when it is not any more', async () => {
    const world = await filled(['lpar1', 'lpar2'], { size: 4 });
    const { id } = world.gateway.drain('lpar1', {});
    await world.clock.advance(FILLED);
    expect(world.gateway.operations.get(id).status).toBe('completed');
    expect(world.hosts.count('lpar1')).toBe(0);
    expect(world.hosts.count('lpar2')).toBe(4);
    world.gateway.drain('lpar2', {});
    await world.clock.advance(FILLED);
    expect(status(world)).toMatchObject({ ready: 0 });
    expect(failures(world)).toEqual(['NO_ENDPOINT']);
    world.gateway.drain('lpar1', { undo: true });
    await world.clock.advance(FILLED);
    expect(world.hosts.count('lpar1')).toBe(4);
    await ends(world);
  });
});

describe('age', () => {
  it('replaces sessions before they are too old, a few at a time', async () => {
    const world = await filled(['lpar1'], { size: 10, max_age_ms: 10 * MINUTE });
    const first = alive(world);
    const lost = (): number => first.filter(({ hasEnded }) => hasEnded).length;
    await world.clock.advance(9 * MINUTE - SECOND);
    expect(lost()).toBe(0);
    await world.clock.advance(30 * SECOND);
    expect(lost()).toBeGreaterThan(0);
    expect(lost()).toBeLessThan(10);
    await world.clock.advance(31 * SECOND);
    expect(lost()).toBe(10);
    expect(status(world)).toMatchObject({ ready: 10 });
    await ends(world);
  });
});
