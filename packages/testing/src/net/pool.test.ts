import { createScope, type Scope } from '@roundhouse/core';
import { createPool, createRuntime, type Pool, type PoolKey, type PoolOptions, SessionCore } from '@roundhouse/net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../clock.ts';
import { TIMEOUTS } from '../contract/stand.ts';

const KEY: PoolKey = { origin: 'smtp://mail.example:25', tls: '', credentials: '' };

/** A connection that remembers for whom it was opened, and who uses it. */
class Connection extends SessionCore {
  readonly key: PoolKey;
  users = 0;

  constructor(key: PoolKey, clock: FakeClock) {
    super({
      protocol: 'test',
      role: 'client',
      peer: key.origin,
      tls: null,
      runtime: createRuntime({ clock, observer: { observe() {} } }),
      timeouts: TIMEOUTS,
      openedInMs: 0,
      isExclusive: true,
      destroy() {},
    });
    this.key = key;
  }
}

interface World {
  readonly clock: FakeClock;
  readonly pool: Pool<Connection>;
  readonly opened: Connection[];
  readonly scope: Scope;
}

function world(options: Partial<PoolOptions<Connection, PoolKey>> = {}): World {
  const clock = new FakeClock();
  const opened: Connection[] = [];
  const pool = createPool<Connection, PoolKey>(
    {
      open: async (key) => {
        const connection = new Connection(key, clock);
        opened.push(connection);
        return connection;
      },
      ...options,
    },
    createRuntime({ clock, observer: { observe() {} } }),
  );
  return { clock, pool, opened, scope: createScope({ clock }) };
}

async function turns(count = 10): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}

describe('a pool', () => {
  it('uses a connection again for the same key, the last one first', async () => {
    const { pool, opened, scope } = world();
    await Promise.all([pool.use(KEY, async () => turns(), scope), pool.use(KEY, async () => turns(), scope)]);
    expect(opened).toHaveLength(2);
    expect(pool.stats()).toEqual({ open: 2, idle: 2, inUse: 0, waiting: 0 });
    const used: Connection[] = [];
    for (let call = 0; call < 3; call += 1)
      await pool.use(KEY, async (connection) => void used.push(connection), scope);
    expect(new Set(used).size).toBe(1);
    await pool.drain();
    expect(opened.every(({ state }) => state === 'closed')).toBe(true);
  });

  it.each([
    ['another origin', { ...KEY, origin: 'smtp://other.example:25' }],
    ['other TLS settings', { ...KEY, tls: 'ca-1' }],
    ['other credentials', { ...KEY, credentials: 'ann' }],
    ['parts that look alike when they are joined', { origin: 'smtp://mail.example:25"', tls: '', credentials: '' }],
  ])('never gives a connection to %s', async (_, other) => {
    const { pool, opened, scope } = world();
    await pool.use(KEY, async () => {}, scope);
    await pool.use(other, async ({ key }) => expect(key).toEqual(other), scope);
    expect(opened).toHaveLength(2);
    await pool.drain();
  });

  it('lets callers wait in order when all are in use, and refuses the one too many', async () => {
    const { pool, scope } = world({ maxPerKey: 1, maxWaiting: 2 });
    const order: number[] = [];
    const release = Promise.withResolvers<void>();
    const first = pool.use(KEY, () => release.promise, scope);
    const second = pool.use(KEY, async () => void order.push(2), scope);
    const third = pool.use(KEY, async () => void order.push(3), scope);
    await turns();
    await expect(pool.use(KEY, async () => {}, scope)).rejects.toMatchObject({ code: 'POOL_EXHAUSTED' });
    expect(pool.stats().waiting).toBe(2);
    release.resolve();
    await Promise.all([first, second, third]);
    expect(order).toEqual([2, 3]);
    await pool.drain();
  });

  it('forgets a waiting caller whose scope ends, and calls the next', async () => {
    const { pool, scope } = world({ maxPerKey: 1 });
    const release = Promise.withResolvers<void>();
    const first = pool.use(KEY, () => release.promise, scope);
    const leaving = scope.child();
    const second = pool.use(KEY, async () => 'second', leaving);
    const third = pool.use(KEY, async () => 'third', scope);
    await turns();
    leaving.end();
    await expect(second).rejects.toMatchObject({ code: 'CANCELLED' });
    release.resolve();
    await first;
    expect(await third).toBe('third');
    await pool.drain();
  });

  it('drains a connection that was idle for long', async () => {
    const { pool, opened, clock, scope } = world({ maxIdleMs: 5_000 });
    await pool.use(KEY, async () => {}, scope);
    await clock.advance(4_999);
    expect(opened[0]?.state).toBe('open');
    await clock.advance(1);
    expect(opened[0]?.state).toBe('closed');
    expect(pool.stats().open).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('asks one that was idle for a while whether it is well, and opens another when it is not', async () => {
    let asked = 0;
    const { pool, opened, clock, scope } = world({
      checkAfterMs: 1_000,
      check: async (connection) => {
        asked += 1;
        if (connection === opened[0]) throw new Error('it is not');
      },
    });
    await pool.use(KEY, async () => {}, scope);
    await pool.use(KEY, async () => {}, scope);
    expect(asked).toBe(0);
    await clock.advance(1_500);
    await pool.use(KEY, async (connection) => expect(connection).toBe(opened[1]), scope);
    expect(asked).toBe(1);
    expect(opened[0]?.state).toBe('closed');
    await pool.drain();
  });

  it('gives no connection again that was lost, or closed by its user', async () => {
    const { pool, opened, scope } = world();
    await pool.use(KEY, async () => {}, scope);
    opened[0]?.lost();
    await turns();
    await pool.use(KEY, async (connection) => connection.abort(), scope);
    await turns();
    expect(pool.stats().open).toBe(0);
    await pool.use(KEY, async () => {}, scope);
    expect(opened).toHaveLength(3);
    await pool.drain();
  });

  it('makes room for another key with the one that is idle longest', async () => {
    const { pool, opened, clock, scope } = world({ maxConnections: 2, checkAfterMs: 60_000 });
    const keyOf = (name: string): PoolKey => ({ ...KEY, origin: name });
    await pool.use(keyOf('a'), async () => {}, scope);
    await clock.advance(10);
    await pool.use(keyOf('b'), async () => {}, scope);
    await pool.use(keyOf('c'), async () => {}, scope);
    expect(opened.map(({ key, state }) => [key.origin, state])).toEqual([
      ['a', 'closed'],
      ['b', 'open'],
      ['c', 'open'],
    ]);
    await pool.drain();
  });

  it('passes on why a connection could not be opened, and lets the next try', async () => {
    let attempts = 0;
    const { pool, clock, scope } = world({
      maxPerKey: 1,
      open: async (key) => {
        attempts += 1;
        if (attempts === 1) throw new Error('down');
        return new Connection(key, clock);
      },
    });
    const first = pool.use(KEY, async () => {}, scope);
    const second = pool.use(KEY, async () => 'up', scope);
    await expect(first).rejects.toThrow('down');
    expect(await second).toBe('up');
    await pool.drain();
  });

  it('finishes what is under way when it is drained, refuses what is new, and cuts what takes too long', async () => {
    const { pool, clock, scope } = world({ drainMs: 1_000 });
    const release = Promise.withResolvers<void>();
    const good = pool.use(KEY, () => release.promise, scope);
    const slow = pool.use(
      KEY,
      (connection) => connection.operate('slow', scope, ({ scope: own }) => own.sleep(1_000_000), { timeoutMs: 1e6 }),
      scope,
    );
    await turns();
    const draining = pool.drain();
    await expect(pool.use(KEY, async () => {}, scope)).rejects.toMatchObject({ code: 'DRAINING' });
    release.resolve();
    await good;
    const failing = expect(slow).rejects.toMatchObject({ code: 'CANCELLED' });
    await clock.advance(1_000);
    expect(await draining).toEqual({ finished: 1, cut: 1, elapsedMs: 1_000 });
    await failing;
    expect(pool.state).toBe('closed');
    expect(await pool.closed).toEqual({ by: 'local' });
    await clock.advance(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('refuses options that make no sense', () => {
    expect(() => world({ maxPerKey: 0 })).toThrow(expect.objectContaining({ code: 'NET_OPTION_INVALID' }) as Error);
    expect(() => world({ maxIdleMs: -1 })).toThrow(expect.objectContaining({ code: 'NET_OPTION_INVALID' }) as Error);
  });

  it('whatever is done: nobody shares a connection, no key gets that of another, and bounds hold', async () => {
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      turns: fc.nat(6),
      end: fc.constantFrom('well', 'throws', 'aborts', 'gives up', 'loses'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { pool, opened, clock, scope } = world({ maxPerKey: 2, maxConnections: 4 });
        await Promise.allSettled(
          steps.map(async ({ key, turns: count, end }, index) => {
            await turns(index % 7);
            const own = scope.child();
            const using = pool.use(
              { ...KEY, origin: key },
              async (connection) => {
                connection.users += 1;
                expect(connection.users).toBe(1);
                expect(connection.key.origin).toBe(key);
                expect(opened.filter(({ state }) => state === 'open').length).toBeLessThanOrEqual(4);
                await turns(count);
                connection.users -= 1;
                if (end === 'aborts') connection.abort();
                if (end === 'loses') connection.lost();
                if (end === 'throws') throw new Error('of its own');
              },
              own,
            );
            if (end === 'gives up') own.end();
            await using.catch((error: Error) => {
              if (!/of its own|given up|cancel/i.test(error.message)) throw error;
            });
          }),
        ).then((results) => {
          for (const result of results) if (result.status === 'rejected') throw result.reason;
        });
        expect(pool.stats()).toMatchObject({ inUse: 0, waiting: 0 });
        await pool.drain();
        expect(opened.every(({ state }) => state === 'closed')).toBe(true);
        await clock.advance(0);
        expect(clock.pendingTimers).toBe(0);
      }),
      { numRuns: 100 },
    );
  });
});
