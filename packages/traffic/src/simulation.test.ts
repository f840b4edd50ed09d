import { createScope, isRoundhouseError, type Scope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EndpointOptions } from './endpoint.ts';
import { createEndpointGroup } from './group.ts';
import type { EndpointGroup } from './groupContract.ts';
import type { EndpointGroupOptions } from './groupOptions.ts';
import { createHealth } from './health/monitor.ts';
import { resolveHealthOptions } from './health/options.ts';
import type { Lease } from './lease.ts';
import type { Probe } from './probe.ts';
import { seededRandom } from './seededRandom.ts';
import type { StrategyName } from './strategy/strategies.ts';

/** A host as the network shows it. */
interface Host {
  isUp: boolean;
  /** ms of a response when nobody else is there. */
  responseMs: number;
  /** Monotonic ms of each logon. */
  readonly logons: number[];
}

type HostOptions = Omit<EndpointOptions<Host>, 'target'> & { readonly responseMs?: number };

let clock: FakeClock;
let scope: Scope;
let random: () => number;
let group: EndpointGroup<Host>;
let hosts: Map<string, Host>;
let sessions: Session[];

/** Answers if the host is up. */
const probe: Probe<Host> = {
  kind: 'simulated',
  async check({ target }) {
    return target.isUp
      ? { outcome: 'ok', elapsedMs: 1, steps: [] }
      : { outcome: 'failed', elapsedMs: 1, steps: [], error: { code: 'CONNECT_REFUSED', message: 'down' } };
  },
};

beforeEach(() => {
  clock = new FakeClock();
  scope = createScope({ clock });
  random = seededRandom(3270);
  hosts = new Map();
  sessions = [];
});

afterEach(() => {
  for (const session of sessions) session.lease?.release();
  expect(group.view().leases).toBe(0);
  group.close();
  expect(clock.pendingTimers).toBe(0);
});

function build(endpoints: readonly HostOptions[], options: Partial<EndpointGroupOptions> = {}): void {
  const resolved = resolveHealthOptions({ intervalMs: 1000, fastIntervalMs: 500 });
  group = createEndpointGroup<Host>(
    { id: 'simulated', ...options },
    {
      clock,
      random,
      createHealth: (endpoint) => createHealth(endpoint, probe, resolved, { clock, random, scope }),
    },
  );
  for (const endpoint of endpoints) join(endpoint);
}

function join({ responseMs = 20, ...options }: HostOptions): void {
  const host: Host = { isUp: true, responseMs, logons: [] };
  hosts.set(options.id, host);
  group.set({ ...options, target: host });
}

function host(id: string): Host {
  return hosts.get(id) as Host;
}

/** A user that stays connected, and moves when it is asked to. */
class Session {
  lease: Lease<Host> | undefined;
  moves = 0;
  /** Codes of the refusals it met. */
  readonly refusals: string[] = [];
  readonly #key: string | undefined;

  constructor(key?: string) {
    this.#key = key;
    sessions.push(this);
  }

  async logOn(): Promise<void> {
    const before = this.lease;
    try {
      const lease = await group.acquire(this.#key === undefined ? {} : { key: this.#key }, scope);
      lease.endpoint.target.logons.push(clock.monotonic());
      lease.on('moveWanted', () => {
        this.moves++;
        void this.logOn();
      });
      this.lease = lease;
      before?.release();
    } catch (error) {
      this.refusals.push(isRoundhouseError(error) ? error.code : String(error));
    }
  }

  logOff(): void {
    this.lease?.release();
    this.lease = undefined;
  }
}

function endpointNumbers<K extends 'active' | 'total' | 'weight'>(what: K): number[] {
  return group.view().endpoints.map((endpoint) => endpoint[what]);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Greatest deviation of a value from its share by weight, as a part of that share. */
function unfairness(values: readonly number[], weights: readonly number[]): number {
  const perWeight = sum(values) / sum(weights);
  return Math.max(...values.map((value, index) => Math.abs(value / (perWeight * (weights[index] as number)) - 1)));
}

function named(count: number, more: (index: number) => Partial<HostOptions> = () => ({})): HostOptions[] {
  return Array.from({ length: count }, (_, index) => ({ id: `host${index}`, ...more(index) }));
}

/** `live` sessions come, and then others come and go until `turnover` have been; hosts answer slower the more they have. */
async function churn(live: number, turnover: number): Promise<void> {
  for (let count = 0; count < turnover; count++) {
    const session = new Session();
    await session.logOn();
    if (sessions.length > live) {
      const [gone] = sessions.splice(Math.floor(random() * sessions.length), 1);
      gone?.logOff();
    }
    const some = sessions[Math.floor(random() * sessions.length)]?.lease;
    if (some !== undefined) {
      const { id, target, weight } = some.endpoint;
      some.succeeded(target.responseMs * (1 + sessionsOn(id) / 50 / weight));
    }
    if (count % 50 === 0) await clock.advance(100);
  }
}

function sessionsOn(id: string): number {
  return sessions.filter((session) => session.lease?.endpoint.id === id).length;
}

describe('2,500 sessions that come and go over 10 hosts of weight 1 to 3', () => {
  const weights = (index: number) => ({ weight: 1 + (index % 3) });

  /** What each strategy shares out, and how unfair it may be at the end. */
  it.each<[StrategyName, 'active' | 'total', 'by weight' | 'equally', number]>([
    ['round_robin', 'total', 'equally', 0.01],
    ['weighted_round_robin', 'total', 'by weight', 0.01],
    ['least_connections', 'active', 'by weight', 0.06],
    ['p2c', 'active', 'by weight', 0.15],
    ['random', 'total', 'by weight', 0.2],
    ['peak_ewma', 'active', 'by weight', 0.1],
    ['least_response_time', 'active', 'by weight', 0.25],
  ])('%s shares %s leases %s, off by less than %d of a share', async (strategy, what, how, bound) => {
    build(named(10, weights), { strategy });
    await clock.advance(600);
    await churn(1000, 2500);
    const shares = how === 'equally' ? endpointNumbers('weight').map(() => 1) : endpointNumbers('weight');
    expect(unfairness(endpointNumbers(what), shares)).toBeLessThan(bound);
  });

  it.each(['peak_ewma', 'least_response_time'] as const)(
    '%s gives a host that is three times slower less than two thirds of its share, and not nothing',
    async (strategy) => {
      build(
        named(10, (index) => ({ responseMs: index === 0 ? 60 : 20 })),
        { strategy },
      );
      await clock.advance(600);
      await churn(1000, 2500);
      expect(sessionsOn('host0')).toBeGreaterThan(0);
      expect(sessionsOn('host0')).toBeLessThan(67);
      expect(
        unfairness(
          endpointNumbers('active').slice(1),
          Array.from({ length: 9 }, () => 1),
        ),
      ).toBeLessThan(0.25);
    },
  );
});

describe('affinity of 3,000 users over 20 hosts', () => {
  const options = { affinity: { mode: 'hash' } } as const;
  const weighted = named(20, (index) => ({ weight: 1 + (index % 2) }));

  /** Where each user is, by name of the host. */
  async function logOnAll(endpoints: readonly HostOptions[]): Promise<string[]> {
    build(endpoints, options);
    await clock.advance(600);
    const users = Array.from({ length: 3000 }, (_, index) => new Session(`user${index}`));
    for (const user of users) await user.logOn();
    return users.map((user) => user.lease?.endpoint.id as string);
  }

  /** Share of the users whose host is another after they have all logged on anew. */
  async function moved(before: readonly HostOptions[], after: readonly HostOptions[]): Promise<number> {
    const first = await logOnAll(before);
    for (const session of sessions) session.logOff();
    group.close();
    const second = await logOnAll(after);
    return first.filter((id, index) => id !== second[index]).length / first.length;
  }

  it('loads no host beyond 1.25 times its share', async () => {
    await logOnAll(weighted);
    const perWeight = 3000 / sum(endpointNumbers('weight'));
    for (const { active, weight } of group.view().endpoints) {
      expect(active).toBeLessThanOrEqual(Math.ceil(1.25 * perWeight * weight));
    }
  });

  it('moves the share of a host that joins, and at most 5 % more', async () => {
    const share = 2 / 32;
    const change = await moved(weighted, [...weighted, { id: 'new', weight: 2 }]);
    expect(change).toBeGreaterThan(share / 2);
    expect(change).toBeLessThan(share + 0.05);
  });

  it('moves the share of a host that leaves, and at most 5 % more', async () => {
    const share = 2 / 30;
    const change = await moved(
      weighted,
      weighted.filter(({ id }) => id !== 'host7'),
    );
    expect(change).toBeGreaterThan(share / 2);
    expect(change).toBeLessThan(share + 0.05);
  });
});

describe('hosts that fail', () => {
  it('lose all their sessions to the others, none is lost, and a returning host is filled again', async () => {
    build(named(3), { failback: { mode: 'manual' } });
    await clock.advance(600);
    for (let count = 0; count < 1500; count++) await new Session().logOn();
    host('host0').isUp = false;
    await clock.advance(5000);
    expect(sessionsOn('host0')).toBe(0);
    expect(endpointNumbers('active')).toEqual([0, expect.any(Number), expect.any(Number)]);
    expect(sum(endpointNumbers('active'))).toBe(1500);
    expect(Math.max(...sessions.map(({ moves }) => moves))).toBe(1);
    host('host0').isUp = true;
    // Past its slow start, one who leaves is followed by one who takes the emptiest.
    await clock.advance(60_000);
    for (let count = 0; count < 1000; count++) {
      sessions.splice(Math.floor(random() * sessions.length), 1)[0]?.logOff();
      await new Session().logOn();
    }
    expect(unfairness(endpointNumbers('active'), [1, 1, 1])).toBeLessThan(0.15);
  });

  it('move each session a quarter as often as they come and go, at most', async () => {
    const tiers = [{ id: 'main' }, { id: 'spare', priority: 1 }];
    build(tiers, { failback: { mode: 'immediate', delayMs: 5000, batch: 50, intervalMs: 500 } });
    await clock.advance(600);
    for (let count = 0; count < 200; count++) await new Session().logOn();
    // Up long enough to be trusted, if it had not failed before.
    for (let outage = 0; outage < 24; outage++) {
      host('main').isUp = false;
      await clock.advance(5000);
      host('main').isUp = true;
      await clock.advance(20_000);
    }
    expect(sum(endpointNumbers('active'))).toBe(200);
    // There and back for each outage would be 48.
    expect(Math.max(...sessions.map(({ moves }) => moves))).toBeLessThanOrEqual(12);
    host('main').isUp = true;
    await clock.advance(600_000);
    expect(endpointNumbers('active')).toEqual([200, 0]);
  });

  it('are not stormed when all of them are back at once', async () => {
    const logons = { perSecond: 20, burst: 10 };
    build(
      named(4, () => ({ logons })),
      { queue: { max: 600, timeoutMs: 30_000 } },
    );
    for (const each of hosts.values()) each.isUp = false;
    await clock.advance(5000);
    const users = Array.from({ length: 700 }, () => new Session());
    for (const user of users) void user.logOn();
    await clock.advance(5000);
    expect(group.view()).toMatchObject({ leases: 0, waiting: 600 });
    expect(users.filter(({ refusals }) => refusals.includes('QUEUE_FULL'))).toHaveLength(100);
    for (const each of hosts.values()) each.isUp = true;
    await clock.advance(25_000);
    expect(group.view()).toMatchObject({ leases: 600, waiting: 0 });
    for (const { logons: times } of hosts.values()) {
      times.forEach((from, first) => {
        const within = times.filter((at) => at >= from && at < from + 1000).length;
        expect(within, `logons in the second after the one of number ${first}`).toBeLessThanOrEqual(30);
      });
    }
  });
});
