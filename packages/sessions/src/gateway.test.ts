import { type EndpointGroupInput, type EndpointInput, STRATEGIES } from '@roundhouse/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configure, gatewayWorld, type GatewayWorld, IN_GROUP } from './hosts.fixture.ts';
import type { SessionEntry } from './session/entry.ts';

const SECOND = 1_000;

async function openMany(world: GatewayWorld, count: number): Promise<SessionEntry[]> {
  const entries: SessionEntry[] = [];
  for (let n = 0; n < count; n++) entries.push(await world.gateway.create(IN_GROUP, world.scope));
  return entries;
}

function shown(entry: SessionEntry): string {
  return entry.screen('text').body;
}

describe('an endpoint', () => {
  it('keeps its sessions and its health when it is set again in other words', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1', 'lpar2']);
    const entry = await world.gateway.create({ ...IN_GROUP, endpoint: 'lpar1' }, world.scope);
    await world.clock.advance(30 * SECOND);
    const changed = { id: 'lpar1', host: 'lpar1', port: 23, tls: false, compat: {}, group: 'prod', weight: 5 };
    expect(world.gateway.directory.setEndpoint(changed)).toMatchObject({
      weight: 5,
      status: 'healthy',
      active_sessions: 1,
    });
    await world.clock.advance(30 * SECOND);
    expect(entry.resource().endpoint).toBe('lpar1');
  });
});

describe('a session of a group', () => {
  it('is placed on an endpoint and says why', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1', 'lpar2']);
    const [entry] = (await openMany(world, 1)) as [SessionEntry];
    const { endpoint, group, host } = entry.resource();
    expect(group).toBe('prod');
    expect(endpoint).toBe(host);
    const { decision } = world.gateway.explain(entry.id);
    expect(decision).toMatchObject({ group: 'prod', strategy: 'p2c', reason: 'chosen' });
    expect(decision?.candidates.map((candidate) => candidate.endpoint).sort()).toEqual(['lpar1', 'lpar2']);
  });

  it('is tried on another endpoint when the first does not take it', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1', 'lpar2']);
    world.hosts.kill('lpar1');
    const entries = await openMany(world, 5);
    expect(entries.map((entry) => entry.resource().endpoint)).toEqual(Array(5).fill('lpar2'));
  });

  it('takes the model, code page and LU of its group unless it names its own', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1'], { model: '3278-4-E', code_page: '273' });
    const entry = await world.gateway.create(IN_GROUP, world.scope);
    expect(entry.resource()).toMatchObject({ model: '3278-4-E', code_page: '273' });
    const own = await world.gateway.create({ ...IN_GROUP, model: '3278-2-E' }, world.scope);
    expect(own.resource().model).toBe('3278-2-E');
  });

  it('is refused when the group is unknown, naming it', async () => {
    const world = gatewayWorld();
    await expect(world.gateway.create({ group: 'nope' }, world.scope)).rejects.toMatchObject({
      code: 'GROUP_NOT_FOUND',
      details: { group: 'nope' },
    });
  });

  it('goes to a group behind when its own has no endpoint left', async () => {
    const world = gatewayWorld();
    world.gateway.directory.setGroup({ id: 'backup' });
    world.gateway.directory.setEndpoint({ id: 'far', host: 'far', port: 23, group: 'backup' });
    configure(world, ['near'], { fallback: ['backup'], queue: { max: 0 } });
    world.hosts.kill('near');
    const entry = await world.gateway.create(IN_GROUP, world.scope);
    expect(entry.resource().endpoint).toBe('far');
  });

  it('counts against the limit of its user until it ends', async () => {
    const world = gatewayWorld({ maxSessionsPerUser: 1 });
    configure(world, ['lpar1']);
    const joe = { ...IN_GROUP, user: 'JOE' };
    const first = await world.gateway.create(joe, world.scope);
    await expect(world.gateway.create(joe, world.scope)).rejects.toMatchObject({ code: 'USER_LIMIT_REACHED' });
    await world.gateway.sessions.remove(first.id);
    await expect(world.gateway.create(joe, world.scope)).resolves.toBeDefined();
  });
});

describe('the loss of a host', () => {
  it('gives every session another host, told step by step, and none is left on the dead one', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1', 'lpar2', 'lpar3']);
    const entries = await openMany(world, 30);
    const hit = entries.filter((entry) => entry.resource().endpoint === 'lpar1');
    expect(hit.length).toBeGreaterThan(0);
    world.hosts.kill('lpar1');
    await world.clock.advance(3 * SECOND);
    expect(world.hosts.count('lpar1')).toBe(0);
    expect(world.hosts.count('lpar2') + world.hosts.count('lpar3')).toBe(30);
    for (const entry of hit) {
      expect(entry.state).toBe('connected');
      expect(entry.resource().endpoint).not.toBe('lpar1');
      expect(world.told(entry.id).slice(-4)).toEqual([
        'session.host_lost',
        'session.initializing',
        'session.connected',
        'session.replaced',
      ]);
    }
    expect(world.gateway.directory.groupResource('prod').active_sessions).toBe(30);
    await world.gateway.close();
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('is no loss when the host hangs up on one and still answers: the user has logged off', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1', 'lpar2']);
    const [entry] = (await openMany(world, 1)) as [SessionEntry];
    const { host } = entry.resource();
    for (const session of world.hosts.sessions.get(host) ?? []) session.hostCloses();
    await world.clock.advance(SECOND);
    expect(entry.resource()).toMatchObject({ state: 'closed', error: { code: 'HOST_CLOSED' } });
  });

  it('ends a session with the reason when no host is left', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1'], { queue: { max: 0 }, failover: { timeout_ms: 5_000 } });
    const [entry] = (await openMany(world, 1)) as [SessionEntry];
    world.hosts.kill('lpar1');
    await world.clock.advance(10 * SECOND);
    expect(entry.resource()).toMatchObject({ state: 'error', error: { code: 'HOST_LOST' } });
    expect(world.gateway.operations.list(1, Infinity).items[0]?.resource()).toMatchObject({
      kind: 'failover',
      status: 'failed',
    });
  });

  it('makes an input that was out indeterminate, says so, and does not send it again', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1', 'lpar2']);
    const [entry] = (await openMany(world, 1)) as [SessionEntry];
    const { host } = entry.resource();
    const answer = entry.input({ actions: [{ type: 'key', key: 'Enter' }] }, world.scope);
    const outcome = expect(answer).rejects.toMatchObject({
      code: 'INPUT_INDETERMINATE',
      details: { completed_actions: 1 },
    });
    await world.clock.advance(0);
    const sent: string[] = [];
    world.hosts.onSession = (_, session) => {
      session.onAid = (key) => sent.push(key);
    };
    world.hosts.kill(host);
    await world.clock.advance(3 * SECOND);
    await outcome;
    expect(world.told(entry.id)).toContain('session.input_indeterminate');
    expect(sent).toEqual([]);
    expect(entry.state).toBe('connected');
  });

  it('shows a newer screen to who waits for one', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1', 'lpar2']);
    const [entry] = (await openMany(world, 1)) as [SessionEntry];
    const { host } = entry.resource();
    const { version } = JSON.parse(entry.screen('json').body) as { version: number };
    world.hosts.kill(host);
    await world.clock.advance(3 * SECOND);
    const later = JSON.parse(entry.screen('json').body) as { version: number; screen_data: string };
    expect(later.version).toBeGreaterThan(version);
    expect(later.screen_data).not.toContain(host.toUpperCase());
  });
});

describe('migration', () => {
  const script = {
    name: 'logon',
    steps: [{ expect: { texts: [{ text: 'LOGON' }] }, actions: [{ type: 'text', text: 'JOE' }] }],
  };

  async function migrated(request: Parameters<GatewayWorld['gateway']['migrate']>[1], group = {}) {
    const world = gatewayWorld();
    configure(world, ['lpar1', 'lpar2'], group);
    const entry = await world.gateway.create({ ...IN_GROUP, endpoint: 'lpar1' }, world.scope);
    const { id } = world.gateway.migrate(entry.id, request);
    await world.clock.advance(5 * SECOND);
    return { world, entry, operation: world.gateway.operations.get(id).resource() };
  }

  it('goes through its steps to the target and closes the source', async () => {
    const { world, entry, operation } = await migrated({ endpoint: 'lpar2' }, { navigation: script });
    expect(operation.steps.map(({ status }) => status)).toEqual([
      'pending',
      'in_progress',
      'snapshot_created',
      'reconnecting',
      'state_restored',
      'completed',
    ]);
    expect(operation).toMatchObject({ relogged: false, rolled_back: false, endpoint: 'lpar2', error: null });
    expect(entry.resource().endpoint).toBe('lpar2');
    expect(shown(entry)).toContain('JOE');
    expect(world.hosts.count('lpar1')).toBe(0);
    expect(world.told(entry.id)).toContain('session.migrated');
  });

  it('without a script is refused, unless a fresh logon is asked for, which is said plainly', async () => {
    await expect(migrated({ endpoint: 'lpar2' })).rejects.toMatchObject({ code: 'MIGRATION_NEEDS_SCRIPT' });
    const { entry, operation } = await migrated({ endpoint: 'lpar2', mode: 'relogon' });
    expect(operation).toMatchObject({ status: 'completed', relogged: true });
    expect(entry.resource().endpoint).toBe('lpar2');
  });

  it.each([
    [
      'an endpoint that is dead',
      { endpoint: 'lpar2' },
      'CONNECT_REFUSED',
      (world: GatewayWorld) => world.hosts.kill('lpar2'),
    ],
    [
      'a host that is silent',
      { endpoint: 'lpar2', timeout_ms: 1_000 },
      'HOST_SILENT',
      (world: GatewayWorld) => world.hosts.silence('lpar2'),
    ],
  ])('to %s rolls back: the session is on its source and takes input', async (_, request, code, spoil) => {
    const world = gatewayWorld();
    configure(world, ['lpar1', 'lpar2'], { navigation: script });
    const entry = await world.gateway.create({ ...IN_GROUP, endpoint: 'lpar1' }, world.scope);
    spoil(world);
    const { id } = world.gateway.migrate(entry.id, request);
    await expect(entry.input({ actions: [{ type: 'text', text: 'X' }] }, world.scope)).rejects.toMatchObject({
      code: 'SESSION_MIGRATING',
      details: { operation_id: id },
    });
    await world.clock.advance(5 * SECOND);
    const operation = world.gateway.operations.get(id).resource();
    expect(operation).toMatchObject({ status: 'failed', rolled_back: true });
    expect([code, 'MIGRATION_TIMEOUT']).toContain(operation.error?.code);
    expect(entry.resource().endpoint).toBe('lpar1');
    const answer = await entry.input(
      { actions: [{ type: 'text', text: 'STILL' }], wait: { for: 'none' } },
      world.scope,
    );
    expect(answer).toContain('STILL');
    expect(world.gateway.directory.endpointResource('lpar2').active_sessions).toBe(0);
  });

  it('to where the session is already is refused', async () => {
    await expect(migrated({ endpoint: 'lpar1', mode: 'relogon' })).rejects.toMatchObject({
      code: 'MIGRATION_SAME_ENDPOINT',
    });
  });

  it('to a target whose screen differs rolls back and names what is missing', async () => {
    const world = gatewayWorld();
    const other = { name: 'menu', steps: [{ expect: { texts: [{ text: 'MAIN MENU' }] }, timeout_ms: 500 }] };
    configure(world, ['lpar1', 'lpar2'], { navigation: other });
    const entry = await world.gateway.create({ ...IN_GROUP, endpoint: 'lpar1' }, world.scope);
    const { id } = world.gateway.migrate(entry.id, { endpoint: 'lpar2' });
    await world.clock.advance(5 * SECOND);
    const { error, rolled_back } = world.gateway.operations.get(id).resource();
    expect(error).toMatchObject({ code: 'NAVIGATION_FAILED' });
    expect(rolled_back).toBe(true);
    expect(entry.resource().endpoint).toBe('lpar1');
  });

  it('compares the fields that the caller names', async () => {
    const { operation } = await migrated(
      { endpoint: 'lpar2', fields: [{ row: 2, column: 2 }] },
      { navigation: script },
    );
    expect(operation.error).toMatchObject({ code: 'MIGRATION_SCREEN_DIFFERS' });
  });

  it('while the host is at work waits for it, then goes and counts the input as indeterminate', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1', 'lpar2'], { navigation: script });
    const entry = await world.gateway.create({ ...IN_GROUP, endpoint: 'lpar1' }, world.scope);
    const answer = entry.input(
      { actions: [{ type: 'key', key: 'Enter' }], wait: { for: 'unlocked', timeout_ms: 60_000 } },
      world.scope,
    );
    const outcome = expect(answer).rejects.toMatchObject({ code: 'INPUT_INDETERMINATE' });
    await world.clock.advance(0);
    const { id } = world.gateway.migrate(entry.id, { endpoint: 'lpar2' });
    await world.clock.advance(SECOND);
    expect(world.gateway.operations.get(id).status).toBe('in_progress');
    await world.clock.advance(5 * SECOND);
    await outcome;
    expect(world.gateway.operations.get(id).resource()).toMatchObject({ status: 'completed', indeterminate_inputs: 1 });
  });
});

describe('suspending', () => {
  it('refuses input, keeps the connection and what the host writes, and is undone by resuming', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1']);
    const [entry] = (await openMany(world, 1)) as [SessionEntry];
    const operation = world.gateway.suspend(entry.id, {});
    expect(operation.status).toBe('completed');
    await expect(entry.input({ actions: [] }, world.scope)).rejects.toMatchObject({ code: 'SESSION_SUSPENDED' });
    for (const session of world.hosts.sessions.get('lpar1') ?? []) session.hostWrites(5, 1, 'NEWS');
    expect(shown(entry)).toContain('NEWS');
    expect(entry.state).toBe('suspended');
    expect(() => world.gateway.suspend(entry.id, {})).toThrow(expect.objectContaining({ code: 'SESSION_SUSPENDED' }));
    world.gateway.resume(entry.id);
    expect(entry.state).toBe('connected');
    expect(() => world.gateway.resume(entry.id)).toThrow(expect.objectContaining({ code: 'SESSION_NOT_SUSPENDED' }));
    expect(world.told(entry.id).slice(-2)).toEqual(['session.suspended', 'session.resumed']);
  });

  it('ends the session when nobody resumes it in time', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1']);
    const [entry] = (await openMany(world, 1)) as [SessionEntry];
    world.gateway.suspend(entry.id, { timeout_ms: 1_000 });
    await world.clock.advance(1_000);
    expect(entry.state).toBe('closed');
    expect(world.hosts.count('lpar1')).toBe(0);
  });
});

describe('draining', () => {
  it('moves idle sessions at once and the others at the deadline, and is done when none is left', async () => {
    const world = gatewayWorld({ idleAfterMs: 10 * SECOND });
    configure(world, ['lpar1', 'lpar2']);
    const idle = await world.gateway.create({ ...IN_GROUP, endpoint: 'lpar1' }, world.scope);
    await world.clock.advance(10 * SECOND);
    const busy = await world.gateway.create({ ...IN_GROUP, endpoint: 'lpar1' }, world.scope);
    shown(busy);
    const { id } = world.gateway.drain('lpar1', { deadline_ms: 5_000 });
    await world.clock.advance(2 * SECOND);
    expect(idle.resource().endpoint).toBe('lpar2');
    expect(busy.resource().endpoint).toBe('lpar1');
    await world.clock.advance(5 * SECOND);
    expect(busy.resource().endpoint).toBe('lpar2');
    expect(world.gateway.operations.get(id).status).toBe('completed');
    const next = await openMany(world, 5);
    expect(new Set(next.map((entry) => entry.resource().endpoint))).toEqual(new Set(['lpar2']));
  });
});

describe('a gateway whose configuration changes under 500 sessions', () => {
  const SESSIONS = 500;
  const LOGON = { name: 'logon', steps: [{ expect: { texts: [{ text: 'LOGON' }] } }] };
  const GROUP: EndpointGroupInput = { id: 'prod', queue: { max: 10 } };
  const ENDPOINTS: readonly EndpointInput[] = ['lpar1', 'lpar2', 'lpar3'].map((id) => ({
    id,
    host: id,
    port: 23,
    group: 'prod',
    max_sessions: 400,
  }));

  /** 500 sessions on all three endpoints, each with its host and the session there. */
  async function busyWorld() {
    const world = gatewayWorld();
    const { directory } = world.gateway;
    directory.setGroup({ id: 'backup' });
    directory.setGroup(GROUP);
    for (const endpoint of ENDPOINTS) directory.setEndpoint(endpoint);
    await world.clock.advance(30 * SECOND);
    const entries = await openMany(world, SESSIONS);
    const places = entries.map(({ line }) => line);
    for (const { id } of ENDPOINTS) expect(world.hosts.count(id)).toBeGreaterThan(50);
    const told = world.events.all.length;
    /** Types of what became of sessions since. */
    const fates = (): string[] =>
      world.events.all.slice(told).flatMap(({ type }) => /session\.(?!idle).*/.exec(type) ?? []);
    return { world, directory, entries, places, fates };
  }

  it.each<[keyof EndpointGroupInput, Partial<EndpointGroupInput>]>([
    ['strategy', { strategy: 'random' }],
    ['affinity', { affinity: { mode: 'sticky', ttl_ms: 1 } }],
    ['queue', { queue: { max: 0, timeout_ms: 1 } }],
    ['panic', { panic: 'refuse' }],
    ['failback', { failback: 'immediate' }],
    ['fallback', { fallback: ['backup'] }],
    ['failover', { failover: { enabled: false, timeout_ms: 1, max_parallel: 1 } }],
    ['model', { model: '3278-5-E' }],
    ['code_page', { code_page: '273' }],
    ['lu', { lu: 'POOL' }],
    ['navigation', { navigation: LOGON }],
    ['warm', { navigation: LOGON, warm: { size: 5 } }],
    ['labels', { labels: { env: 'prod' } }],
  ])('keeps each where it is when the %s of the group changes, and changes back', async (_, change) => {
    const { world, directory, entries, places, fates } = await busyWorld();
    directory.setGroup({ ...GROUP, ...change });
    await world.clock.advance(30 * SECOND);
    directory.setGroup(GROUP);
    await world.clock.advance(30 * SECOND);
    expect(entries.every(({ line }, index) => line === places[index])).toBe(true);
    expect(fates()).toEqual([]);
    expect(directory.groupResource('prod')).toMatchObject({ active_sessions: SESSIONS });
    await world.gateway.close();
    expect(world.clock.pendingTimers).toBe(0);
  });

  it.each<[keyof EndpointInput, Partial<EndpointInput>]>([
    ['weight', { weight: 0 }],
    ['priority', { priority: 9 }],
    ['max_sessions', { max_sessions: 1 }],
    ['lu_pools', { lu_pools: { POOL: 0 } }],
    ['logons_per_s', { logons_per_s: 0.1 }],
    ['probe', { probe: { kind: 'tcp', interval_ms: 1_000, rise: 1, fall: 1, slow_start_ms: 0 } }],
    ['labels', { labels: { site: 'north' } }],
    ['tls', { tls: false }],
    ['compat', { compat: {} }],
  ])('keeps each where it is when the %s of every endpoint changes, and changes back', async (_, change) => {
    const { world, directory, entries, places, fates } = await busyWorld();
    for (const endpoint of ENDPOINTS) directory.setEndpoint({ ...endpoint, ...change });
    await world.clock.advance(30 * SECOND);
    for (const endpoint of ENDPOINTS) directory.setEndpoint(endpoint);
    await world.clock.advance(30 * SECOND);
    expect(entries.every(({ line }, index) => line === places[index])).toBe(true);
    expect(fates()).toEqual([]);
    for (const { id } of ENDPOINTS) {
      expect(directory.endpointResource(id)).toMatchObject({ status: 'healthy' });
    }
    expect(world.told().filter((type) => type === 'endpoint.health_changed')).toHaveLength(ENDPOINTS.length);
    await world.gateway.close();
    expect(world.clock.pendingTimers).toBe(0);
  });

  it.each<[string, Partial<EndpointInput>, Partial<EndpointGroupInput>]>([
    ['host', { host: 'moved' }, {}],
    ['port', { port: 992 }, {}],
    ['tls', { tls: true }, {}],
    ['compat', { compat: { tn3270e: false } }, {}],
    ['group', { group: 'backup' }, {}],
  ])('moves those of an endpoint whose %s changes, and nobody else', async (_, change) => {
    const { world, directory, entries, places, fates } = await busyWorld();
    directory.setGroup({ ...GROUP, navigation: LOGON });
    directory.setEndpoint({ ...(ENDPOINTS[0] as EndpointInput), ...change });
    await world.clock.advance(60 * SECOND);
    entries.forEach((entry, index) => {
      const before = places[index]?.lease?.endpoint;
      expect(entry.state).toMatch(/^(connected|idle)$/);
      if (before?.id !== 'lpar1') expect(entry.line).toBe(places[index]);
      else expect(entry.line?.target).not.toEqual(before.target);
    });
    expect(new Set(fates())).toEqual(new Set(['session.migrated']));
    const { active_sessions } = directory.groupResource('prod');
    expect(active_sessions).toBe(SESSIONS);
    await world.gateway.close();
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('keeps each where it is whatever is set, one after the other', async () => {
    const share = <T>(values: readonly T[]) => fc.constantFrom(...values);
    const group = fc.record(
      {
        strategy: share(STRATEGIES),
        affinity: fc.record({ mode: share(['none', 'sticky', 'hash'] as const) }),
        queue: fc.record({ max: fc.nat(5), timeout_ms: fc.integer({ min: 1, max: 100 }) }),
        panic: share(['spread', 'queue', 'refuse'] as const),
        fallback: share([[], ['backup']]),
        failover: fc.record({ enabled: fc.boolean(), max_parallel: fc.integer({ min: 1, max: 5 }) }),
        model: share(['3278-2-E', '3278-4-E']),
        navigation: share([LOGON, null]),
        labels: share([{}, { env: 'prod' }]),
      },
      { requiredKeys: [] },
    );
    const endpoint = fc.record(
      {
        weight: fc.nat(3),
        priority: fc.nat(2),
        max_sessions: fc.option(fc.nat(20)),
        logons_per_s: fc.option(fc.integer({ min: 1, max: 5 })),
        probe: fc.record({ interval_ms: fc.integer({ min: 100, max: 5_000 }), fall: fc.integer({ min: 1, max: 3 }) }),
        labels: share([{}, { site: 'north' }]),
      },
      { requiredKeys: [] },
    );
    const step = fc.oneof(
      fc.record({ group }),
      fc.record({ endpoint, which: fc.nat(2) }),
      fc.record({ ms: fc.nat(5_000) }),
      fc.record({ create: fc.constant(true) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const world = gatewayWorld();
        const { gateway, clock, scope } = world;
        const { directory } = gateway;
        directory.setGroup({ id: 'backup' });
        directory.setGroup(GROUP);
        for (const each of ENDPOINTS) directory.setEndpoint(each);
        await clock.advance(30 * SECOND);
        const lines = new Map((await openMany(world, 30)).map((entry) => [entry, entry.line]));
        const pending: Promise<void>[] = [];
        for (const each of steps) {
          if ('group' in each) directory.setGroup({ ...GROUP, ...each.group });
          else if ('endpoint' in each) {
            directory.setEndpoint({ ...(ENDPOINTS[each.which] as EndpointInput), ...each.endpoint });
          } else if ('ms' in each) await clock.advance(each.ms);
          else {
            const created = gateway.create(IN_GROUP, scope).then(
              (entry) => void lines.set(entry, entry.line),
              () => {},
            );
            pending.push(created);
          }
          await clock.advance(0);
          for (const [entry, line] of lines) expect(entry.line).toBe(line);
          expect(directory.groupResource('prod').active_sessions).toBe(lines.size);
        }
        await gateway.close();
        await Promise.all(pending);
        expect(directory.groupResource('prod')).toMatchObject({ active_sessions: 0, queued: 0 });
        expect(clock.pendingTimers).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('moves those of a single endpoint to where it leads now', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1'], { navigation: LOGON });
    const entries = await openMany(world, 20);
    world.gateway.directory.setEndpoint({ id: 'lpar1', host: 'moved', port: 23, group: 'prod' });
    await world.clock.advance(30 * SECOND);
    expect(entries.map(({ target }) => target?.host)).toEqual(Array(20).fill('moved'));
    // Lost before they have been moved, they go there just as well.
    world.gateway.directory.setEndpoint({ id: 'lpar1', host: 'again', port: 23, group: 'prod' });
    world.hosts.kill('moved');
    await world.clock.advance(30 * SECOND);
    expect(entries.map(({ target, state }) => [target?.host, state])).toEqual(Array(20).fill(['again', 'connected']));
    await world.gateway.close();
  });

  it('moves no more at a time than the group allows now', async () => {
    const world = gatewayWorld();
    configure(world, ['lpar1', 'lpar2'], { failover: { max_parallel: 1 }, queue: { max: 0 } });
    await world.clock.advance(30 * SECOND);
    const entries = await openMany(world, 100);
    world.hosts.silence('lpar2');
    world.hosts.kill('lpar1');
    await world.clock.advance(10);
    const { turns } = world.gateway.directory.group('prod');
    const waiting = turns.waiting;
    expect([turns.inside, waiting > 10]).toEqual([1, true]);
    world.gateway.directory.setGroup({ id: 'prod', failover: { max_parallel: 8 }, queue: { max: 0 } });
    expect([turns.inside, turns.waiting]).toEqual([8, waiting - 7]);
    for (const { id } of entries) void world.gateway.sessions.remove(id);
    await world.gateway.close();
    expect(world.clock.pendingTimers).toBe(0);
  });
});

describe('limits of a gateway', () => {
  const joe = { ...IN_GROUP, user: 'JOE' };

  it('that are lowered refuse newcomers and end nobody', async () => {
    const world = gatewayWorld({ maxSessions: 10, maxSessionsPerUser: 5 });
    const { gateway, scope } = world;
    configure(world, ['lpar1']);
    const entries = [];
    for (let n = 0; n < 4; n++) entries.push(await gateway.create(joe, scope));
    gateway.configure({ maxSessions: 10, maxSessionsPerUser: 2 });
    await expect(gateway.create(joe, scope)).rejects.toMatchObject({ code: 'USER_LIMIT_REACHED' });
    gateway.configure({ maxSessions: 2 });
    await expect(gateway.create(IN_GROUP, scope)).rejects.toMatchObject({ code: 'SESSION_LIMIT_REACHED' });
    expect(entries.map(({ state }) => state)).toEqual(Array(4).fill('connected'));
    gateway.configure({});
    await expect(gateway.create(joe, scope)).resolves.toBeDefined();
  });

  it('in time hold for what begins from then on', async () => {
    const world = gatewayWorld({ idleAfterMs: 60 * SECOND, retainEndedMs: 60 * SECOND });
    const { gateway, scope, clock, hosts } = world;
    configure(world, ['lpar1'], { failover: { enabled: false } });
    const before = await gateway.create(IN_GROUP, scope);
    gateway.configure({ idleAfterMs: 5 * SECOND, retainEndedMs: 10 * SECOND });
    const after = await gateway.create(IN_GROUP, scope);
    await clock.advance(5 * SECOND);
    expect([before.state, after.state]).toEqual(['connected', 'idle']);
    hosts.kill('lpar1');
    await clock.advance(9 * SECOND);
    expect(gateway.sessions.get(after.id).hasEnded).toBe(true);
    await clock.advance(SECOND);
    expect(() => gateway.sessions.get(after.id)).toThrow(expect.objectContaining({ code: 'SESSION_NOT_FOUND' }));
  });
});
