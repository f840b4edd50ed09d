import type { EndpointGroupInput, EndpointInput } from '@roundhouse/api';
import { describe, expect, it } from 'vitest';
import { configure, gatewayWorld, type GatewayWorld, IN_GROUP } from '../hosts.fixture.ts';
import { NAVIGATION } from '../pool/parking.fixture.ts';

const SECOND = 1_000;
const LPAR1: EndpointInput = { id: 'lpar1', host: 'lpar1', port: 23, group: 'prod' };

/** What is shown of everything, and what was told. */
function shownBy({ gateway: { directory }, told }: GatewayWorld) {
  return {
    groups: directory.groupIds().map((id) => directory.groupResource(id)),
    endpoints: directory.endpointIds().map((id) => directory.endpointResource(id)),
    told: told(),
  };
}

function world(): GatewayWorld {
  const made = gatewayWorld();
  made.gateway.directory.setGroup({ id: 'backup' });
  configure(made, ['lpar1', 'lpar2'], { fallback: ['backup'] });
  return made;
}

describe('a group', () => {
  it.each<[string, Partial<EndpointGroupInput>]>([
    ['GROUP_NOT_FOUND', { fallback: ['backup', 'nowhere'] }],
    ['GROUP_FALLBACK_LOOP', { fallback: ['prod'] }],
    ['NAVIGATION_INVALID', { navigation: { name: 'nothing' } }],
    ['NAVIGATION_INVALID', { navigation: NAVIGATION, warm: { size: 1, recycle: { name: 'nothing' } } }],
    ['WARM_NEEDS_SCRIPT', { warm: { size: 1 } }],
    ['GROUP_OPTION_INVALID', { affinity: { ttl_ms: 0 } }],
    ['GROUP_OPTION_INVALID', { queue: { timeout_ms: 0 } }],
  ])('is refused with %s, by a check as by a change, and everything is as it was', (code, wrong) => {
    const made = world();
    const { directory } = made.gateway;
    const before = shownBy(made);
    const input = { id: 'prod', strategy: 'random', labels: { env: 'prod' }, ...wrong } as const;
    for (const attempt of [
      () => directory.checkGroup(input),
      () => directory.setGroup(input),
      () => directory.setGroup({ ...input, id: 'new', fallback: input.fallback ?? ['backup'], ...loopOf(input) }),
    ]) {
      expect(attempt).toThrow(expect.objectContaining({ code }));
    }
    expect(shownBy(made)).toEqual(before);
  });

  /** A new group falls back to itself by its own name. */
  const loopOf = ({ fallback }: EndpointGroupInput) => (fallback?.[0] === 'prod' ? { fallback: ['new'] } : {});

  it('does not become its own fallback over others', () => {
    const { directory } = world().gateway;
    directory.setGroup({ id: 'last' });
    directory.setGroup({ id: 'backup', fallback: ['last'] });
    expect(() => directory.checkGroup({ id: 'last', fallback: ['prod'] })).toThrow(
      expect.objectContaining({
        code: 'GROUP_FALLBACK_LOOP',
        details: { group: 'last', loop: 'last, prod, backup, last' },
      }),
    );
    directory.setGroup({ id: 'prod' });
    directory.setGroup({ id: 'last', fallback: ['prod'] });
    // Two ways to the same group are no loop.
    directory.setGroup({ id: 'both', fallback: ['backup', 'last'] });
  });

  it('that is checked only, is not there', () => {
    const made = world();
    made.gateway.directory.checkGroup({ id: 'new', fallback: ['prod'] });
    expect(made.gateway.directory.groupIds()).toEqual(['backup', 'prod']);
  });

  it.each<[keyof EndpointGroupInput, EndpointGroupInput[keyof EndpointGroupInput], unknown]>([
    ['strategy', 'random', 'random'],
    ['affinity', { mode: 'sticky' }, { mode: 'sticky', ttl_ms: 3_600_000 }],
    ['queue', { max: 1 }, { max: 1, timeout_ms: 5_000 }],
    ['panic', 'queue', 'queue'],
    ['failback', 'immediate', 'immediate'],
    ['fallback', [], []],
    ['failover', { max_parallel: 1 }, { enabled: true, timeout_ms: 30_000, max_parallel: 1 }],
    ['model', '3278-4-E', '3278-4-E'],
    ['code_page', '273', '273'],
    ['lu', 'POOL', 'POOL'],
    ['labels', { env: 'prod' }, { env: 'prod' }],
  ])('takes another %s, says so once, and shows it', (field, value, shown) => {
    const made = world();
    const { directory } = made.gateway;
    const changed = { id: 'prod', fallback: ['backup'], [field]: value };
    expect(directory.setGroup(changed)).toMatchObject({ [field]: shown });
    directory.setGroup(changed);
  });

  it('is not changed by the same in other words', () => {
    const made = world();
    const before = shownBy(made);
    made.gateway.directory.setGroup({
      id: 'prod',
      strategy: 'p2c',
      affinity: { ttl_ms: 3_600_000 },
      queue: { max: 100 },
      fallback: ['backup'],
      failover: {},
      lu: null,
      navigation: null,
      warm: null,
      labels: {},
    });
    expect(shownBy(made)).toEqual(before);
  });

  it('gives its next sessions what it says now, and leads those there are by its new script', async () => {
    const made = world();
    const { gateway, scope } = made;
    const entry = await gateway.create(IN_GROUP, scope);
    expect(gateway.explain(entry.id).decision?.strategy).toBe('p2c');
    gateway.directory.setGroup({ id: 'prod', strategy: 'random', model: '3278-5-E', navigation: NAVIGATION });
    const next = await gateway.create(IN_GROUP, scope);
    expect(next.resource().model).toBe('3278-5-E');
    expect(gateway.explain(next.id).decision?.strategy).toBe('random');
    const to = entry.resource().endpoint === 'lpar1' ? 'lpar2' : 'lpar1';
    expect(gateway.migrate(entry.id, { endpoint: to }).status).not.toBe('failed');
    await gateway.close();
  });
});

describe('an endpoint', () => {
  it.each<[string, Partial<EndpointInput>]>([
    ['GROUP_NOT_FOUND', { group: 'nowhere' }],
    ['HEALTH_OPTION_INVALID', { probe: { interval_ms: 1 } }],
    ['ENDPOINT_OPTION_INVALID', { lu_pools: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`P${n}`, 1])) }],
  ])('is refused with %s, by a check as by a change, and everything is as it was', (code, wrong) => {
    const made = world();
    const { directory } = made.gateway;
    const before = shownBy(made);
    const input = { ...LPAR1, host: 'elsewhere', weight: 7, ...wrong };
    for (const attempt of [
      () => directory.checkEndpoint(input),
      () => directory.setEndpoint(input),
      () => directory.setEndpoint({ ...input, id: 'new' }),
    ]) {
      expect(attempt).toThrow(expect.objectContaining({ code }));
    }
    expect(shownBy(made)).toEqual(before);
  });

  it('that is checked only, is not there', () => {
    const made = world();
    made.gateway.directory.checkEndpoint({ ...LPAR1, id: 'new' });
    expect(made.gateway.directory.endpointIds()).toEqual(['lpar1', 'lpar2']);
  });

  it('says which fields have changed, and nothing when none has', () => {
    const made = world();
    const { directory } = made.gateway;
    const same = { ...LPAR1, tls: false, compat: {}, weight: 1, max_sessions: null, probe: {}, labels: {} };
    directory.setEndpoint(same);
    directory.setEndpoint({ ...same, port: 992, tls: true, priority: 1, labels: { site: 'north' } });
    expect(directory.endpointResource('lpar1')).toMatchObject({ tls: true, priority: 1, labels: { site: 'north' } });
  });

  it('stays healthy under another probe, which then decides', async () => {
    const made = world();
    const { directory } = made.gateway;
    await made.clock.advance(60 * SECOND);
    expect(directory.endpointResource('lpar1').status).toBe('healthy');
    const history = directory.health('lpar1');
    made.hosts.silence('lpar1');
    directory.setEndpoint({ ...LPAR1, probe: { kind: 'telnet', interval_ms: 1_000, fall: 2 } });
    expect(directory.endpointResource('lpar1')).toMatchObject({ status: 'healthy', probe: { kind: 'telnet' } });
    expect(directory.health('lpar1')).toEqual(history);
    await made.clock.advance(5 * SECOND);
    expect(directory.endpointResource('lpar1').status).toBe('unhealthy');
    await made.gateway.close();
    expect(made.clock.pendingTimers).toBe(0);
  });

  it('is watched on as before when something else of it changes', async () => {
    const made = world();
    const { directory } = made.gateway;
    const probe = { interval_ms: 1_000, fall: 3 };
    directory.setEndpoint({ ...LPAR1, probe });
    await made.clock.advance(10 * SECOND);
    made.hosts.silence('lpar1');
    for (let weight = 1; weight <= 8; weight++) {
      directory.setEndpoint({ ...LPAR1, probe, weight });
      await made.clock.advance(SECOND / 2);
    }
    expect(directory.endpointResource('lpar1')).toMatchObject({ status: 'unhealthy', weight: 8 });
    await made.gateway.close();
  });

  it('without a group keeps to itself, and leaves nothing behind when it joins one', async () => {
    const made = world();
    const { directory } = made.gateway;
    const alone = { ...LPAR1, id: 'alone', group: null };
    directory.setEndpoint(alone);
    directory.setEndpoint({ ...alone, probe: { interval_ms: 1_000 } });
    const own = directory.trafficOf('alone');
    directory.setEndpoint({ ...alone, group: 'prod' });
    expect(() => own.configure({})).toThrow(expect.objectContaining({ code: 'GROUP_CLOSED' }));
    expect(directory.groupResource('prod').endpoints).toEqual(['alone', 'lpar1', 'lpar2']);
    expect(directory.trafficOf('alone')).toBe(directory.group('prod').traffic);
    directory.setEndpoint(alone);
    expect(directory.groupResource('prod').endpoints).toEqual(['lpar1', 'lpar2']);
    directory.removeEndpoint('alone');
    await made.gateway.close();
    expect(made.clock.pendingTimers).toBe(0);
  });
});

describe('labels', () => {
  it('are those of the endpoint over those of the group, as they are now', () => {
    const { directory } = world().gateway;
    directory.setGroup({ id: 'prod', labels: { env: 'prod', site: 'any' } });
    directory.setEndpoint({ ...LPAR1, labels: { site: 'north' } });
    directory.setGroup({ id: 'backup', labels: { env: 'backup' } });
    const target = { endpoint: 'lpar1', host: 'lpar1', port: 23 };
    expect(directory.labelsOf(target)).toEqual({ env: 'prod', site: 'north' });
    expect(directory.labelsOf({ group: 'backup', endpoint: 'lpar1' })).toEqual({ env: 'backup', site: 'north' });
    expect(directory.labelsOf({ group: 'prod' })).toEqual({ env: 'prod', site: 'any' });
    expect(directory.labelsOf({ endpoint: null, group: null })).toEqual({});
    expect(directory.labelsOf({ endpoint: 'gone', group: 'gone' })).toEqual({});
    directory.setGroup({ id: 'prod', labels: { env: 'test' } });
    expect(directory.labelsOf(target)).toEqual({ env: 'test', site: 'north' });
  });
});
