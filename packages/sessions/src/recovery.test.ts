import { describe, expect, it } from 'vitest';
import { configure, gatewayWorld, type GatewayWorld, IN_GROUP } from './hosts.fixture.ts';
import type { SessionEntry } from './session/entry.ts';

const SECOND = 1_000;

function on(world: GatewayWorld, endpoint: string): Promise<SessionEntry> {
  return world.gateway.create({ ...IN_GROUP, endpoint }, world.scope);
}

/** Connections of all hosts. */
function connections({ hosts }: GatewayWorld): number {
  return ['lpar1', 'lpar2', 'lpar3', 'named'].reduce((sum, host) => sum + hosts.count(host), 0);
}

/** Whatever happened: one connection a session, every operation over, and nothing left by the gateway when it closes. */
async function expectOrder(world: GatewayWorld, sessions: number): Promise<void> {
  const { gateway, clock } = world;
  expect(connections(world)).toBe(sessions);
  const { items } = gateway.operations.list(1_000, Infinity);
  expect(items.filter(({ hasFinished }) => !hasFinished)).toEqual([]);
  await gateway.close();
  expect(connections(world)).toBe(0);
  await clock.advance(0);
  expect(clock.pendingTimers).toBe(0);
}

describe('a move whose source is lost', () => {
  it('is given up for the failover, which gives the session one other host', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1', 'lpar2', 'lpar3'], { queue: { max: 0 } });
    const entry = await on(world, 'lpar1');
    world.hosts.silence('lpar2');
    const { id } = world.gateway.migrate(entry.id, { endpoint: 'lpar2', mode: 'relogon', timeout_ms: 5_000 });
    await world.clock.advance(10);
    world.hosts.kill('lpar1');
    world.hosts.revive('lpar2');
    await world.clock.advance(3 * SECOND);
    expect(world.gateway.operations.get(id).resource()).toMatchObject({ status: 'failed', rolled_back: false });
    expect(entry.state).toBe('connected');
    expect(entry.resource().endpoint).not.toBe('lpar1');
    expect(world.told(entry.id)).not.toContain('session.migrated');
    await expectOrder(world, 1);
  });

  it('is nothing that begins when the source has just been lost', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1', 'lpar2']);
    const entry = await on(world, 'lpar1');
    world.hosts.kill('lpar1');
    const { id } = world.gateway.migrate(entry.id, { endpoint: 'lpar2', mode: 'relogon' });
    await world.clock.advance(3 * SECOND);
    expect(world.gateway.operations.get(id).resource()).toMatchObject({
      status: 'failed',
      error: { code: 'SESSION_NOT_READY' },
    });
    expect(entry.resource()).toMatchObject({ state: 'connected', endpoint: 'lpar2' });
    await expectOrder(world, 1);
  });
});

describe('an input that the host works at', () => {
  it('is out until the host unlocks the keyboard, whatever it writes before', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1', 'lpar2']);
    const entry = await on(world, 'lpar1');
    const outcome = expect(
      entry.input({ actions: [{ type: 'key', key: 'Enter' }] }, world.scope),
    ).rejects.toMatchObject({ code: 'INPUT_INDETERMINATE' });
    await world.clock.advance(0);
    for (const session of world.hosts.sessions.get('lpar1') ?? []) {
      session.hostWrites(5, 1, 'WORKING');
      session.hostLocks();
    }
    expect(entry.isAtSafePoint).toBe(false);
    const { id } = world.gateway.migrate(entry.id, { endpoint: 'lpar2', mode: 'relogon' });
    await world.clock.advance(3 * SECOND);
    await outcome;
    expect(world.gateway.operations.get(id).resource()).toMatchObject({ status: 'completed', indeterminate_inputs: 1 });
    expect(world.told(entry.id)).toContain('session.input_indeterminate');
  });
});

describe('a suspended session whose host is lost', () => {
  it('is suspended on its new host, and closed when nobody resumes it in the time that was given', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1', 'lpar2']);
    const entry = await on(world, 'lpar1');
    world.gateway.suspend(entry.id, { timeout_ms: 10 * SECOND });
    world.hosts.kill('lpar1');
    await world.clock.advance(3 * SECOND);
    expect(entry.resource()).toMatchObject({ state: 'suspended', endpoint: 'lpar2' });
    await expect(entry.input({ actions: [] }, world.scope)).rejects.toMatchObject({ code: 'SESSION_SUSPENDED' });
    await world.clock.advance(7 * SECOND);
    expect(entry.state).toBe('closed');
    await expectOrder(world, 0);
  });

  it('takes input after it was resumed there', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1', 'lpar2']);
    const entry = await on(world, 'lpar1');
    world.gateway.suspend(entry.id, { timeout_ms: 10 * SECOND });
    world.hosts.kill('lpar1');
    await world.clock.advance(3 * SECOND);
    world.gateway.resume(entry.id);
    await entry.input({ actions: [{ type: 'text', text: 'JOE' }] }, world.scope);
    await world.clock.advance(60 * SECOND);
    expect(entry.state).toBe('active');
  });
});

describe('an endpoint that is unhealthy', () => {
  it('loses its sessions as fast as others take them', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1', 'lpar2']);
    for (let n = 0; n < 200; n++) await on(world, 'lpar1');
    world.hosts.silence('lpar1');
    const toUnhealthy = (): boolean =>
      world.told('lpar1').filter((type) => type === 'endpoint.health_changed').length > 1;
    for (let n = 0; n < 600 && !toUnhealthy(); n++) await world.clock.advance(100);
    await world.clock.advance(100);
    expect(world.hosts.count('lpar1')).toBe(0);
    expect(world.hosts.count('lpar2')).toBe(200);
    await expectOrder(world, 200);
  });
});

describe('a drain', () => {
  it('is over when it is undone', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1']);
    await on(world, 'lpar1');
    const { id } = world.gateway.drain('lpar1', {});
    world.gateway.drain('lpar1', { undo: true });
    expect(world.gateway.operations.get(id).resource()).toMatchObject({ error: { code: 'DRAIN_INCOMPLETE' } });
    await expectOrder(world, 1);
  });

  it('is over at its deadline where the endpoint has been removed meanwhile', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1', 'lpar2']);
    await on(world, 'lpar1');
    const { id } = world.gateway.drain('lpar1', { deadline_ms: SECOND });
    world.gateway.directory.removeEndpoint('lpar1');
    await world.clock.advance(60 * SECOND);
    expect(world.gateway.operations.get(id).hasFinished).toBe(true);
    await expectOrder(world, 1);
  });

  it('does not move a session that named its host and came to the endpoint by migration', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1', 'lpar2']);
    const entry = await world.gateway.create({ host: 'named', port: 23 }, world.scope);
    world.gateway.migrate(entry.id, { endpoint: 'lpar1', mode: 'relogon' });
    await world.clock.advance(SECOND);
    expect(entry.resource().endpoint).toBe('lpar1');
    const { id } = world.gateway.drain('lpar1', { deadline_ms: 0 });
    await world.clock.advance(60 * SECOND);
    expect(world.gateway.operations.get(id).resource()).toMatchObject({ error: { code: 'DRAIN_INCOMPLETE' } });
    expect(world.gateway.operations.list(100, Infinity).items.map(({ kind }) => kind)).toEqual(['drain', 'migrate']);
    await expect(entry.input({ actions: [{ type: 'text', text: 'JOE' }] }, world.scope)).resolves.toContain('JOE');
  });
});

describe('a session whose group was removed', () => {
  it('ends with the reason when its host is lost', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1']);
    const entry = await on(world, 'lpar1');
    world.gateway.directory.removeEndpoint('lpar1');
    world.gateway.directory.removeGroup('prod');
    await world.clock.advance(SECOND);
    world.hosts.kill('lpar1');
    await world.clock.advance(SECOND);
    expect(entry.hasEnded).toBe(true);
    await expectOrder(world, 0);
  });
});

describe('a request that makes no session', () => {
  it('leaves nothing in the scope of the gateway', async () => {
    const world = gatewayWorld();
    let children = 0;
    const child = world.scope.child.bind(world.scope);
    world.scope.child = (options) => {
      const made = child(options);
      children++;
      made.onEnd(() => children--);
      return made;
    };
    const request = { host: 'named', port: 23, model: '3279-9' };
    await expect(world.gateway.create(request, world.scope)).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
    expect(children).toBe(0);
  });
});
