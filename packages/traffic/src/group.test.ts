import { createScope, type RoundhouseError, type Scope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EndpointOptions } from './endpoint.ts';
import { createEndpointGroup } from './group.ts';
import type { EndpointGroup, EndpointGroupDependencies } from './groupContract.ts';
import type { EndpointGroupOptions } from './groupOptions.ts';
import { createOutlierDetector } from './health/outlier.ts';
import { resolveOutlierOptions } from './health/outlierOptions.ts';
import type { Lease, MoveWish } from './lease.ts';
import { ScriptedHealth } from './scriptedHealth.ts';
import { seededRandom } from './seededRandom.ts';

type Target = string;

let clock: FakeClock;
let scope: Scope;
let group: EndpointGroup<Target>;
let healths: Map<string, ScriptedHealth>;

beforeEach(() => {
  clock = new FakeClock();
  scope = createScope({ clock });
});

/** Every test ends with nothing left behind. */
afterEach(() => {
  group.close();
  expect(clock.pendingTimers).toBe(0);
});

function build(
  endpoints: ReadonlyArray<Partial<EndpointOptions<Target>> & { readonly id: string }>,
  options: Partial<EndpointGroupOptions> = {},
  more: Partial<EndpointGroupDependencies<Target>> = {},
): void {
  healths = new Map();
  group = createEndpointGroup<Target>(
    { id: 'lpars', strategy: 'least_connections', ...options },
    {
      clock,
      random: seededRandom(1),
      createHealth: ({ id }) => {
        const health = new ScriptedHealth();
        healths.set(id, health);
        return health;
      },
      ...more,
    },
  );
  for (const endpoint of endpoints) group.set({ target: `${endpoint.id}:23`, ...endpoint });
}

function health(id: string): ScriptedHealth {
  return healths.get(id) as ScriptedHealth;
}

function endpoint(id: string) {
  return group.viewOf(id);
}

function wishesOf(lease: Lease<Target>): MoveWish[] {
  const wishes: MoveWish[] = [];
  lease.on('moveWanted', (wish) => wishes.push(wish));
  return wishes;
}

async function failure(promise: Promise<unknown>): Promise<RoundhouseError> {
  return promise.then(
    () => expect.fail('it should have failed'),
    (error: unknown) => error as RoundhouseError,
  );
}

describe('a group of endpoints', () => {
  it.each<[string, Partial<EndpointGroupOptions>]>([
    ['id', { id: '' }],
    ['strategy', { strategy: 'p2' as 'p2c' }],
    ['panic_threshold', { panicThreshold: 1.1 }],
    ['affinity.load_factor', { affinity: { loadFactor: 0.9 } }],
    ['queue.max', { queue: { max: -1 } }],
    ['failback.batch', { failback: { batch: 0.5 } }],
    ['max_decisions', { maxDecisions: 0 }],
  ])('refuses an impossible %s', (option, options) => {
    build([]);
    expect(() => build([], options)).toThrow(
      expect.objectContaining({ code: 'GROUP_OPTION_INVALID', details: expect.objectContaining({ option }) }),
    );
  });

  it.each<[string, Partial<EndpointOptions<Target>>]>([
    ['id', { id: '' }],
    ['weight', { weight: -1 }],
    ['priority', { priority: 101 }],
    ['limits.sessions', { limits: { sessions: 1.5 } }],
    ['logons.per_second', { logons: { perSecond: 0 } }],
  ])('refuses an endpoint with an impossible %s, and stays as it was', (option, options) => {
    build([]);
    expect(() => group.set({ id: 'a', target: 'a:23', ...options })).toThrow(
      expect.objectContaining({ code: 'ENDPOINT_OPTION_INVALID', details: expect.objectContaining({ option }) }),
    );
    expect(group.view().endpoints).toEqual([]);
  });

  it('starts the health of an endpoint that joins, and stops it when it leaves or the group closes', () => {
    build([{ id: 'a' }, { id: 'b' }]);
    expect(health('a').phase).toBe('started');
    group.remove('a');
    expect(health('a').phase).toBe('stopped');
    group.close();
    expect(health('b').phase).toBe('stopped');
  });

  it('keeps health and leases of an endpoint that is set again, and takes its new options', async () => {
    build([{ id: 'a', limits: { sessions: 1 } }]);
    await group.acquire({}, scope);
    const before = health('a');
    group.set({ id: 'a', target: 'a:23', limits: { sessions: 2 } });
    await group.acquire({}, scope);
    expect(health('a')).toBe(before);
    expect(endpoint('a')).toMatchObject({ active: 2, limits: { sessions: 2 } });
  });

  it('takes an endpoint with another target for a new one, and asks the leases on the old one to move', async () => {
    build([{ id: 'a' }]);
    const lease = await group.acquire({}, scope);
    const before = health('a');
    group.set({ id: 'a', target: 'elsewhere:23' });
    expect(lease.wish?.reason).toBe('removed');
    expect(before.phase).toBe('stopped');
    expect(health('a')).not.toBe(before);
    expect(endpoint('a')?.active).toBe(0);
  });

  it('goes on with the turns of the others when an endpoint leaves', async () => {
    build([{ id: 'a' }, { id: 'b' }, { id: 'c' }, { id: 'd' }], { strategy: 'round_robin' });
    const next = async (): Promise<string> => (await group.acquire({}, scope)).endpoint.id;
    expect([await next(), await next()]).toEqual(['a', 'b']);
    group.remove('a');
    expect([await next(), await next(), await next()]).toEqual(['c', 'd', 'b']);
  });

  it('counts for the others what it did before when an endpoint leaves, and when its last lease comes back', async () => {
    build([{ id: 'a' }, { id: 'b', weight: 0 }, { id: 'c', limits: { sessions: 1 } }], { queue: { max: 0 } });
    const old = await group.acquire({ endpoint: 'a' }, scope);
    await group.acquire({ endpoint: 'c' }, scope);
    const summary = async (): Promise<unknown> => (await failure(group.acquire({}, scope))).details.summary;
    group.remove('a');
    expect(await summary()).toBe('b no weight, c full');
    old.release();
    expect(await summary()).toBe('b no weight, c full');
  });

  it('names an endpoint that it does not have', async () => {
    build([]);
    const acts = [() => group.remove('x'), () => group.drain('x'), () => group.undrain('x'), () => group.health('x')];
    for (const act of acts) expect(act).toThrow(expect.objectContaining({ code: 'ENDPOINT_UNKNOWN' }));
    expect(await failure(group.acquire({ endpoint: 'x' }, scope))).toMatchObject({ code: 'ENDPOINT_UNKNOWN' });
  });

  it('refuses everything once it is closed, and leases can still be released', async () => {
    build([{ id: 'a', limits: { sessions: 1 } }]);
    const lease = await group.acquire({}, scope);
    const waiting = failure(group.acquire({}, scope));
    group.close();
    group.close();
    expect((await waiting).code).toBe('GROUP_CLOSED');
    expect((await failure(group.acquire({}, scope))).code).toBe('GROUP_CLOSED');
    expect(() => group.set({ id: 'b', target: 'b:23' })).toThrow(expect.objectContaining({ code: 'GROUP_CLOSED' }));
    lease.release();
    expect(group.view().leases).toBe(0);
  });
});

describe('acquire', () => {
  it('counts what is out, once for each lease', async () => {
    build([{ id: 'a' }, { id: 'b' }]);
    const leases = await Promise.all([1, 2, 3, 4].map(() => group.acquire({}, scope)));
    expect(group.view()).toMatchObject({
      leases: 4,
      endpoints: [
        { active: 2, total: 2 },
        { active: 2, total: 2 },
      ],
    });
    leases[0]?.release();
    leases[0]?.release();
    expect(group.view().leases).toBe(3);
  });

  it('shows one endpoint as the view of all does', async () => {
    build([{ id: 'a' }, { id: 'b', weight: 3 }]);
    await group.acquire({ endpoint: 'b' }, scope);
    expect(group.viewOf('b')).toEqual(group.view().endpoints[1]);
    expect(group.viewOf('b')).toMatchObject({ id: 'b', weight: 3, active: 1 });
    expect(group.viewOf('c')).toBeUndefined();
  });

  it('reports to the health of its endpoint until it is released', async () => {
    build([{ id: 'a' }]);
    const lease = await group.acquire({}, scope);
    lease.succeeded(20);
    lease.succeeded();
    lease.failed('CONNECTION_LOST');
    lease.release();
    lease.failed('CONNECTION_LOST');
    expect(health('a').signals).toEqual([
      { kind: 'success', responseMs: 20 },
      { kind: 'success' },
      { kind: 'failure', code: 'CONNECTION_LOST' },
    ]);
    expect(endpoint('a')).toMatchObject({ failures: 1, responseMs: 20 });
  });

  it('avoids what it is told to, and takes the endpoint that is named', async () => {
    build([{ id: 'a' }, { id: 'b', priority: 1 }]);
    expect((await group.acquire({ avoid: ['a'] }, scope)).endpoint.id).toBe('b');
    expect((await group.acquire({ endpoint: 'b' }, scope)).endpoint.id).toBe('b');
    expect(await failure(group.acquire({ avoid: ['a', 'b'] }, scope))).toMatchObject({ code: 'NO_ENDPOINT' });
  });

  it('keeps a key where it was, and forgets that in time', async () => {
    build([{ id: 'a' }, { id: 'b' }], { affinity: { timeoutMs: 1000, loadFactor: 100 } });
    const first = (await group.acquire({ key: 'joe' }, scope)).endpoint.id;
    const other = first === 'a' ? 'b' : 'a';
    await group.acquire({ key: 'joe', endpoint: other }, scope);
    expect((await group.acquire({ key: 'joe' }, scope)).endpoint.id).toBe(other);
    await clock.advance(1000);
    expect((await group.acquire({ key: 'joe' }, scope)).endpoint.id).toBe(first);
  });

  it.each<[string, object]>([
    ['demand.sessions', { demand: { sessions: 2 } }],
    ['demand.lu:P', { demand: { 'lu:P': 0 } }],
    ['priority_class', { priorityClass: 10 }],
    ['key', { key: 'x'.repeat(1025) }],
  ])('refuses an impossible %s', async (field, request) => {
    build([{ id: 'a' }]);
    expect(await failure(group.acquire(request, scope))).toMatchObject({
      code: 'LEASE_REQUEST_INVALID',
      details: { field },
    });
  });

  it('holds every resource to its limit', async () => {
    build(
      [
        { id: 'a', limits: { 'lu:P': 3 } },
        { id: 'b', limits: { 'lu:P': 1 } },
      ],
      { queue: { max: 0 } },
    );
    const lease = await group.acquire({ demand: { 'lu:P': 2 } }, scope);
    expect(lease.endpoint.id).toBe('a');
    expect(endpoint('a')?.used).toEqual({ sessions: 1, 'lu:P': 2 });
    const error = await failure(group.acquire({ demand: { 'lu:P': 2 } }, scope));
    expect(error).toMatchObject({
      code: 'GROUP_FULL',
      details: {
        excluded: [
          { endpoint: 'a', reason: 'full' },
          { endpoint: 'b', reason: 'too_small' },
        ],
      },
    });
    expect(error.message).toBe('No endpoint of group lpars had room: a full, b too small');
    lease.release();
    expect(endpoint('a')?.used).toEqual({ sessions: 0 });
    expect((await failure(group.acquire({ demand: { 'lu:P': 4 } }, scope))).code).toBe('NO_ENDPOINT');
  });

  it('says of each endpoint why it could not be had', async () => {
    build([{ id: 'a' }, { id: 'b' }, { id: 'c' }], { panic: 'refuse' });
    health('a').become('unhealthy');
    health('b').become('unhealthy', 'ejected');
    group.drain('c');
    const error = await failure(group.acquire({}, scope));
    expect(error.message).toBe('No endpoint of group lpars can take the request: a unhealthy, b ejected, c draining');
    expect(group.explain(error.details.decision as number)).toMatchObject({ chosen: null, reason: 'panic' });
  });

  it('keeps the last decisions, and explains them as they were taken', async () => {
    build([{ id: 'a' }, { id: 'b', weight: 0 }], { maxDecisions: 2 });
    const first = await group.acquire({}, scope);
    group.remove('b');
    expect(group.explain(first.decision)).toEqual({
      id: first.decision,
      at: clock.now(),
      chosen: 'a',
      strategy: 'least_connections',
      affinity: 'none',
      reason: 'chosen',
      scores: 'leases with this one for each unit of weight; the lowest is taken',
      candidates: [
        { id: 'a', score: 1, eligible: true, reason: 'none' },
        { id: 'b', score: null, eligible: false, reason: 'no_weight' },
      ],
    });
    await group.acquire({}, scope);
    await group.acquire({}, scope);
    expect(group.explain(first.decision)).toBeUndefined();
  });

  it('lets an endpoint that grows slowly have its share as time goes by', async () => {
    build([{ id: 'a' }, { id: 'b' }]);
    health('b').ramp = 0.1;
    health('b').become('healthy');
    for (let count = 0; count < 11; count++) await group.acquire({}, scope);
    expect(endpoint('b')?.active).toBe(1);
    health('b').ramp = 1;
    await clock.advance(100);
    await group.acquire({}, scope);
    expect(endpoint('b')?.active).toBe(2);
  });

  it('keeps away from outliers until they return', async () => {
    const outliers = createOutlierDetector(resolveOutlierOptions(), clock);
    build([{ id: 'a' }, { id: 'b' }, { id: 'c' }], {}, { outliers });
    const lease = await group.acquire({ endpoint: 'a' }, scope);
    for (let count = 0; count < 50; count++) lease.failed('CANCELLED');
    expect(endpoint('a')?.exclusion).toBe('none');
    for (let count = 0; count < 50; count++) lease.failed('LU_REJECTED');
    expect(endpoint('a')?.exclusion).toBe('ejected');
    await clock.advance(3_600_000);
    expect(endpoint('a')?.exclusion).toBe('none');
  });
});

describe('the queue', () => {
  const one = [{ id: 'a', limits: { sessions: 1, 'lu:P': 1 } }];

  it('serves by urgency, then by arrival', async () => {
    build(one);
    const lease = await group.acquire({}, scope);
    const served: string[] = [];
    const wait = (name: string, priorityClass: number): void => {
      void group.acquire({ priorityClass }, scope).then((next) => {
        served.push(name);
        next.release();
      });
    };
    wait('first', 5);
    wait('second', 5);
    wait('urgent', 0);
    lease.release();
    await clock.advance(0);
    expect(served).toEqual(['urgent', 'first', 'second']);
    expect(group.view()).toMatchObject({ waiting: 0, leases: 0 });
  });

  it('gives up after its time, naming what was full', async () => {
    build(one, { queue: { timeoutMs: 1000 } });
    await group.acquire({}, scope);
    const waiting = failure(group.acquire({}, scope));
    await clock.advance(1000);
    expect(await waiting).toMatchObject({ code: 'GROUP_FULL', details: { summary: 'a full' } });
    expect(group.view().waiting).toBe(0);
  });

  it('ends with the scope of the request, which leaves nothing behind', async () => {
    build(one);
    const lease = await group.acquire({}, scope);
    const caller = scope.child();
    const waiting = failure(group.acquire({}, caller));
    caller.end();
    expect((await waiting).code).toBe('CANCELLED');
    lease.release();
    expect(group.view()).toMatchObject({ waiting: 0, leases: 0 });
  });

  it('is bounded', async () => {
    build(one, { queue: { max: 1 } });
    await group.acquire({}, scope);
    const waiting = failure(group.acquire({}, scope));
    expect(await failure(group.acquire({}, scope))).toMatchObject({ code: 'QUEUE_FULL', details: { waiting: 1 } });
    group.close();
    await waiting;
  });

  it('lets one who wants something particular hold up nobody', async () => {
    build([{ id: 'a', limits: { sessions: 2, 'lu:P': 1 } }]);
    await group.acquire({ demand: { 'lu:P': 1 } }, scope);
    const plain = await group.acquire({}, scope);
    const particular = group.acquire({ demand: { 'lu:P': 1 } }, scope);
    const next = group.acquire({}, scope);
    plain.release();
    expect((await next).endpoint.id).toBe('a');
    expect(group.view().waiting).toBe(1);
    group.close();
    expect((await failure(particular)).code).toBe('GROUP_CLOSED');
  });

  it('waits for health to return, and refuses at once where that is wanted', async () => {
    build(one);
    health('a').become('unhealthy');
    const waiting = group.acquire({}, scope);
    health('a').become('healthy');
    expect((await waiting).endpoint.id).toBe('a');
    group.close();
    build(one, { panic: 'refuse' });
    health('a').become('unhealthy');
    expect((await failure(group.acquire({}, scope))).code).toBe('NO_ENDPOINT');
  });

  it('refuses those that a change has made hopeless', async () => {
    build([...one, { id: 'b', limits: { sessions: 0 } }]);
    await group.acquire({}, scope);
    const named = failure(group.acquire({ endpoint: 'b' }, scope));
    const plain = failure(group.acquire({}, scope));
    group.remove('b');
    expect((await named).code).toBe('ENDPOINT_UNKNOWN');
    group.drain('a');
    expect((await plain).code).toBe('NO_ENDPOINT');
  });

  it('holds an endpoint to its logon rate', async () => {
    build([{ id: 'a', logons: { perSecond: 4, burst: 2 } }]);
    let granted = 0;
    for (let count = 0; count < 10; count++) void group.acquire({}, scope).then(() => granted++);
    await clock.advance(0);
    expect(granted).toBe(2);
    await clock.advance(1000);
    expect(granted).toBe(6);
    await clock.advance(1000);
    expect(granted).toBe(10);
  });

  it('lets nobody pass those who wait for a logon rate', async () => {
    build([{ id: 'a', logons: { perSecond: 3, burst: 1 } }]);
    await group.acquire({}, scope);
    const served: string[] = [];
    void group.acquire({}, scope).then(() => served.push('first'));
    // A token is there after 333.3 ms, the timer rings at 334.
    await clock.advance(333.5);
    void group.acquire({}, scope).then(() => served.push('second'));
    await clock.advance(0);
    expect(served).toEqual(['first']);
    await clock.advance(1000);
    expect(served).toEqual(['first', 'second']);
  });

  it('leaves no timer when nobody waits for a logon rate any more', async () => {
    build([{ id: 'a', logons: { perSecond: 0.1 } }]);
    await group.acquire({}, scope);
    const caller = scope.child();
    const waiting = failure(group.acquire({}, caller));
    expect(clock.pendingTimers).toBe(2);
    caller.end();
    await waiting;
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('leases', () => {
  it('are asked to leave an endpoint that has failed, and may stay when it is back in time', async () => {
    build([{ id: 'a' }]);
    const lease = await group.acquire({}, scope);
    const wishes = wishesOf(lease);
    await clock.advance(50);
    health('a').become('unhealthy');
    expect(wishes).toEqual([{ reason: 'unhealthy', deadline: 50 }]);
    expect(lease.wish).toEqual(wishes[0]);
    health('a').become('healthy');
    expect(lease.wish).toBeNull();
    expect(wishes).toHaveLength(1);
  });

  it('never land on the endpoint that they are asked to leave', async () => {
    build([{ id: 'a' }, { id: 'b' }]);
    const lease = await group.acquire({ endpoint: 'a' }, scope);
    let next: Promise<Lease<Target>> | undefined;
    lease.on('moveWanted', () => {
      next = group.acquire({}, scope);
      lease.release();
    });
    health('a').become('unhealthy');
    expect((await next)?.endpoint.id).toBe('b');
    expect(group.view().leases).toBe(1);
  });

  it('are asked to leave an endpoint that is drained, by its deadline, until that is withdrawn', async () => {
    build([{ id: 'a' }]);
    const lease = await group.acquire({}, scope);
    const wishes = wishesOf(lease);
    group.drain('a', { deadlineMs: 3000 });
    expect(wishes).toEqual([{ reason: 'draining', deadline: 3000 }]);
    expect(endpoint('a')).toMatchObject({ exclusion: 'draining', drainDeadline: 3000 });
    group.undrain('a');
    expect(lease.wish).toBeNull();
    expect((await group.acquire({}, scope)).endpoint.id).toBe('a');
  });

  it('tell when the last of a drained endpoint is back', async () => {
    build([{ id: 'a' }, { id: 'b' }]);
    const drained: string[] = [];
    group.on('drained', (fact) => drained.push(fact.endpoint));
    (await group.acquire({ endpoint: 'a' }, scope)).release();
    const lease = await group.acquire({ endpoint: 'a' }, scope);
    group.drain('a');
    group.drain('b');
    expect(drained).toEqual(['b']);
    lease.release();
    expect(drained).toEqual(['b', 'a']);
  });

  it('that leave as soon as they are asked end a drain once', async () => {
    build([{ id: 'a' }]);
    const drained: string[] = [];
    group.on('drained', (fact) => drained.push(fact.endpoint));
    const lease = await group.acquire({}, scope);
    lease.on('moveWanted', () => lease.release());
    group.drain('a');
    expect(drained).toEqual(['a']);
  });

  it('outlive the endpoint that is removed, and are not counted for one of the same id', async () => {
    build([{ id: 'x' }, { id: 'a' }]);
    const old = await group.acquire({ endpoint: 'x' }, scope);
    group.remove('x');
    expect(old.wish?.reason).toBe('removed');
    group.set({ id: 'x', target: 'x:23' });
    const young = await group.acquire({ endpoint: 'x' }, scope);
    old.release();
    expect(group.view().leases).toBe(1);
    expect(endpoint('x')).toMatchObject({ active: 1, total: 1 });
    young.release();
    expect(endpoint('x')?.active).toBe(0);
  });
});

describe('failback', () => {
  const tiers = [
    { id: 'main', limits: { sessions: 4 } },
    { id: 'spare', priority: 1 },
  ];

  /** Leases on the spare, while the main endpoint is down. */
  async function failedOver(count: number, failback: EndpointGroupOptions['failback']): Promise<Lease<Target>[]> {
    build(tiers, { failback: { delayMs: 1000, batch: 2, intervalMs: 100, ...failback } });
    health('main').become('unhealthy');
    const leases: Lease<Target>[] = [];
    for (let index = 0; index < count; index++) leases.push(await group.acquire({}, scope));
    return leases;
  }

  function wanted(leases: readonly Lease<Target>[]): number {
    return leases.filter((lease) => lease.wish?.reason === 'failback').length;
  }

  it('asks a few at a time, after a while, and no more than there is room for', async () => {
    const leases = await failedOver(6, {});
    health('main').become('healthy');
    await clock.advance(999);
    expect(wanted(leases)).toBe(0);
    await clock.advance(1);
    expect(wanted(leases)).toBe(2);
    expect(leases.find((lease) => lease.wish !== null)?.wish?.deadline).toBe(Infinity);
    await clock.advance(100);
    expect(wanted(leases)).toBe(4);
    await clock.advance(10_000);
    expect(wanted(leases)).toBe(4);
  });

  it('does not begin while the better tier comes and goes, and withdraws what it asked', async () => {
    const leases = await failedOver(2, {});
    const asked = leases.map(wishesOf);
    for (let round = 0; round < 5; round++) {
      health('main').become('healthy');
      await clock.advance(700);
      health('main').become('unhealthy');
      await clock.advance(200);
    }
    expect(asked).toEqual([[], []]);
    health('main').become('healthy');
    await clock.advance(1000);
    expect(wanted(leases)).toBe(2);
    health('main').become('unhealthy');
    expect(wanted(leases)).toBe(0);
  });

  it('asks at once where that is wanted, and never where it is manual', async () => {
    let leases = await failedOver(1, { mode: 'immediate' });
    health('main').become('healthy');
    await clock.advance(1000);
    expect(leases[0]?.wish).toEqual({ reason: 'failback', deadline: 1000 });
    group.close();
    leases = await failedOver(1, { mode: 'manual' });
    health('main').become('healthy');
    await clock.advance(100_000);
    expect(wanted(leases)).toBe(0);
  });

  it('asks the next when those asked have moved', async () => {
    const leases = await failedOver(6, { mode: 'immediate' });
    for (const lease of leases) {
      lease.on('moveWanted', () => {
        void group.acquire({}, scope);
        lease.release();
      });
    }
    health('main').become('healthy');
    await clock.advance(10_000);
    expect(group.view()).toMatchObject({ leases: 6, endpoints: [{ active: 4 }, { active: 2 }] });
  });

  it('leaves those alone who must go for another reason, and asks others in their place', async () => {
    build([...tiers, { id: 'other', priority: 1 }], { failback: { delayMs: 0, batch: 4, intervalMs: 100 } });
    health('main').become('unhealthy');
    const leases: Lease<Target>[] = [];
    for (let index = 0; index < 8; index++) leases.push(await group.acquire({}, scope));
    health('main').become('healthy');
    await clock.advance(1000);
    expect(wanted(leases)).toBe(4);
    const asked = leases.find((lease) => lease.wish !== null)?.endpoint.id as string;
    group.drain(asked);
    await clock.advance(1000);
    expect(wanted(leases)).toBe(4);
    expect(leases.filter((lease) => lease.wish?.reason === 'draining')).toHaveLength(4);
    // With room for all there is nobody left to ask.
    group.set({ id: 'main', target: 'main:23' });
    await clock.advance(1000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('withdraws the wish when the tiers are changed', async () => {
    const leases = await failedOver(1, {});
    health('main').become('healthy');
    await clock.advance(1000);
    expect(wanted(leases)).toBe(1);
    group.set({ id: 'spare', target: 'spare:23', priority: 0 });
    expect(wanted(leases)).toBe(0);
  });
});

describe('whatever happens', () => {
  it('each lease is counted once, on its endpoint, and no limit is exceeded', async () => {
    const id = fc.constantFrom('a', 'b', 'c');
    const steps = fc.array(
      fc.oneof(
        {
          weight: 8,
          arbitrary: fc.record({ do: fc.constant('acquire' as const), lus: fc.nat(2), avoid: fc.subarray(['a', 'b']) }),
        },
        { weight: 6, arbitrary: fc.record({ do: fc.constant('release' as const), which: fc.nat(50) }) },
        { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('sick' as const, 'well' as const), id }) },
        {
          weight: 1,
          arbitrary: fc.record({ do: fc.constantFrom('set' as const, 'remove' as const), id, priority: fc.nat(1) }),
        },
        { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('drain' as const, 'undrain' as const), id }) },
        { weight: 1, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(700) }) },
      ),
      { maxLength: 80 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        clock = new FakeClock();
        scope = createScope({ clock });
        const limits = { sessions: 3, 'lu:P': 2 };
        build(
          ['a', 'b', 'c'].map((each) => ({ id: each, limits, logons: { perSecond: 20, burst: 4 } })),
          { queue: { max: 5, timeoutMs: 500 }, failback: { delayMs: 50, intervalMs: 10, batch: 1 } },
        );
        const held: Lease<Target>[] = [];
        let asked = 0;
        let released = 0;
        let refused = 0;
        for (const step of script) {
          const has = 'id' in step && endpoint(step.id) !== undefined;
          if (step.do === 'acquire') {
            asked++;
            const demand = step.lus > 0 ? { 'lu:P': step.lus } : {};
            group.acquire({ demand, avoid: step.avoid }, scope).then(
              (lease) => held.push(lease),
              () => refused++,
            );
          } else if (step.do === 'release') {
            for (const lease of held.splice(step.which % Math.max(1, held.length), 1)) {
              lease.release();
              released++;
            }
          } else if (step.do === 'pass') await clock.advance(step.ms);
          else if (step.do === 'set')
            group.set({ id: step.id, target: `${step.id}:23`, priority: step.priority, limits });
          else if (has && step.do === 'remove') group.remove(step.id);
          else if (has && step.do === 'drain') group.drain(step.id, { deadlineMs: 10 });
          else if (has && step.do === 'undrain') group.undrain(step.id);
          else if (has) health(step.id).become(step.do === 'sick' ? 'unhealthy' : 'healthy');
          await clock.advance(0);

          const view = group.view();
          expect(view.leases).toBe(held.length);
          expect(held.length + released + refused + view.waiting).toBe(asked);
          for (const { id: of, active, used } of view.endpoints) {
            const here = held.filter((lease) => lease.endpoint.id === of && lease.wish?.reason !== 'removed');
            expect(active).toBe(here.length);
            expect(active).toBeLessThanOrEqual(limits.sessions);
            expect(used['lu:P'] ?? 0).toBeLessThanOrEqual(limits['lu:P']);
          }
        }
        group.close();
        await clock.advance(0);
        for (const lease of held) lease.release();
        expect(group.view()).toMatchObject({ leases: 0, waiting: 0 });
        expect(clock.pendingTimers).toBe(0);
      }),
      { numRuns: 150 },
    );
  });
});
