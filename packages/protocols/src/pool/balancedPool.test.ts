import { createScope, Emitter, type Scope } from '@roundhouse/core';
import {
  createPool,
  createRuntime,
  netError,
  type NetRuntime,
  type PoolKey,
  resolveTimeouts,
  SessionCore,
} from '@roundhouse/net';
import { FakeClock } from '@roundhouse/testing';
import {
  createEndpointGroup,
  type EndpointGroup,
  type EndpointHealth,
  type HealthEvents,
  type TrafficSignal,
} from '@roundhouse/traffic';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BalancedPool, createBalancedPool } from './balancedPool.ts';

/** A health that only listens. */
class HeardHealth extends Emitter<HealthEvents> implements EndpointHealth {
  readonly status = 'healthy';
  readonly ramp = 1;
  readonly responseMs = Number.NaN;
  readonly signals: TrafficSignal[] = [];
  report(signal: TrafficSignal): void {
    this.signals.push(signal);
  }
  view() {
    return { status: this.status, checkedAt: null, steps: [], history: [] } as const;
  }
  start(): void {}
  stop(): void {}
}

class Connection extends SessionCore {
  readonly origin: string;
  constructor(origin: string, runtime: NetRuntime) {
    super({
      protocol: 'test',
      role: 'client',
      peer: origin,
      tls: null,
      runtime,
      timeouts: resolveTimeouts(),
      openedInMs: 0,
      isExclusive: true,
      destroy() {},
    });
    this.origin = origin;
  }
}

let clock: FakeClock;
let scope: Scope;
let group: EndpointGroup<string>;
let healths: Map<string, HeardHealth>;
let pool: BalancedPool<Connection>;
let opened: string[];
/** Endpoints that refuse connections. */
let down: Set<string>;
let close: () => void;

beforeEach(() => {
  clock = new FakeClock();
  scope = createScope({ clock });
  healths = new Map();
  opened = [];
  down = new Set();
  const runtime = createRuntime({ clock, observer: { observe() {} } });
  group = createEndpointGroup<string>(
    { id: 'peers', strategy: 'round_robin' },
    {
      clock,
      random: () => 0.5,
      createHealth: ({ id }) => {
        const health = new HeardHealth();
        healths.set(id, health);
        return health;
      },
    },
  );
  for (const id of ['a', 'b', 'c']) group.set({ id, target: `${id}.example:1` });
  const connections = createPool<Connection, PoolKey>(
    {
      open: async ({ origin }) => {
        if (down.has(origin)) throw netError('CONNECT_REFUSED', { phase: 'connect', peer: origin });
        opened.push(origin);
        return new Connection(origin, runtime);
      },
    },
    runtime,
  );
  close = () => connections.abort();
  pool = createBalancedPool(group, connections, { keyOf: (origin) => ({ origin, tls: '', credentials: '' }) }, runtime);
});
afterEach(() => {
  close();
  group.close();
  scope.end();
  expect(clock.pendingTimers).toBe(0);
});

const ONCE = { isIdempotent: false };
const origin = async ({ origin: name }: Connection): Promise<string> => name;
const heard = (id: string): TrafficSignal[] => healths.get(id)?.signals ?? [];
const inUse = (): number => group.view().leases;

describe('a balanced pool', () => {
  it('spreads requests over the endpoints, and uses their connections again', async () => {
    const seen: string[] = [];
    for (let count = 0; count < 9; count++) seen.push(await pool.use(ONCE, origin, scope));
    for (const each of ['a', 'b', 'c']) expect(seen.filter((name) => name === `${each}.example:1`)).toHaveLength(3);
    expect(opened).toHaveLength(3);
    expect(inUse()).toBe(0);
  });

  it('tells the group how it went, and how long it took', async () => {
    const name = await pool.use(
      ONCE,
      async (connection) => {
        await clock.advance(7);
        return connection.origin;
      },
      scope,
    );
    expect(heard(name.charAt(0))).toEqual([{ kind: 'success', responseMs: 7 }]);
  });

  it('goes on to the next endpoint when a connection does not come to stand', async () => {
    down = new Set(['a.example:1', 'b.example:1']);
    for (let count = 0; count < 3; count++) expect(await pool.use(ONCE, origin, scope)).toBe('c.example:1');
    expect(heard('a')).toContainEqual({ kind: 'failure', code: 'CONNECT_REFUSED' });
    expect(inUse()).toBe(0);
  });

  it('tells what the last endpoint said when all were tried', async () => {
    down = new Set(['a.example:1', 'b.example:1', 'c.example:1']);
    await expect(pool.use(ONCE, origin, scope)).rejects.toMatchObject({ code: 'CONNECT_REFUSED' });
    expect(['a', 'b', 'c'].map((id) => heard(id).length)).toEqual([1, 1, 1]);
  });

  it.each<[what: string, sent: 'none' | 'maybe', isIdempotent: boolean, attempts: number]>([
    ['nothing was sent', 'none', false, 2],
    ['it may be repeated', 'maybe', true, 2],
    ['it may have been done already', 'maybe', false, 1],
  ])('repeats elsewhere, or not, when %s', async (_what, sent, isIdempotent, attempts) => {
    const tried: string[] = [];
    const using = pool.use(
      { isIdempotent },
      async (connection) => {
        tried.push(connection.origin);
        if (tried.length === 1) throw netError('CONNECTION_LOST', { phase: 'request', peer: connection.origin, sent });
      },
      scope,
    );
    if (attempts === 1) await expect(using).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    else await using;
    expect(new Set(tried).size).toBe(attempts);
  });

  it('holds nothing against an endpoint for what the request is to blame for', async () => {
    const refused = netError('PEER_REFUSED', { phase: 'request', remote: { status: '550' } });
    let id = '';
    const using = pool.use(
      ONCE,
      async (connection) => Promise.reject(((id = connection.origin.charAt(0)), refused)),
      scope,
    );
    await expect(using).rejects.toBe(refused);
    expect(heard(id)).toEqual([]);
  });

  it('sends requests of one key to one endpoint', async () => {
    group.configure({ strategy: 'round_robin', affinity: { mode: 'hash' } });
    const seen = new Set<string>();
    for (let count = 0; count < 6; count++) seen.add(await pool.use({ ...ONCE, key: 'JOE' }, origin, scope));
    expect(seen.size).toBe(1);
  });

  it('gives its place back when the caller gives up', async () => {
    using own = scope.child();
    const giving = pool.use(ONCE, (_connection, within) => within.race(new Promise<void>(() => {})), own);
    await clock.advance(0);
    expect(inUse()).toBe(1);
    own.end();
    await expect(giving).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(inUse()).toBe(0);
  });

  it.each([0, 1.5, 101])('takes 1 to 100 attempts, not %d', (maxAttempts) => {
    const keyOf = (target: string): PoolKey => ({ origin: target, tls: '', credentials: '' });
    expect(() => createBalancedPool(group, {} as never, { keyOf, maxAttempts }, { clock })).toThrow(
      expect.objectContaining({ code: 'NET_OPTION_INVALID' }),
    );
  });
});
