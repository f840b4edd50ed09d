import fc from 'fast-check';
import { isRoundhouseError } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { IN_GROUP } from '../hosts.fixture.ts';
import type { SessionEntry } from '../session/entry.ts';
import { LentSession } from './lentSession.ts';
import { warmWorld } from './parking.fixture.ts';

const SIZE = 4;
const MAX_PER_HOST = 5;
const HOSTS = ['lpar1', 'lpar2'] as const;
const host = fc.constantFrom(...HOSTS);

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('create' as const), particular: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('delete' as const), which: fc.nat(), hasTyped: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('kill' as const, 'revive' as const), host }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('drain' as const, 'undrain' as const), host }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 100, 5_000, 40_000) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A pool under treatment, with what must hold at any time. */
function treated() {
  const world = warmWorld([], { size: SIZE, max_uses: 3, max_age_ms: 60_000 }, { queue: { timeout_ms: 1_000 } });
  const { gateway, hosts, scope, clock } = world;
  for (const id of HOSTS) {
    gateway.directory.setEndpoint({ id, host: id, port: 23, group: 'prod', max_sessions: MAX_PER_HOST });
  }
  const creating = new Set<Promise<void>>();

  const live = (): SessionEntry[] => [...gateway.sessions.live()];

  const begin = (particular: boolean): void => {
    const request = { ...IN_GROUP, ...(particular ? { user: 'JOE' } : {}) };
    const isWarm = !particular && (gateway.directory.groupResource('prod').warm?.ready ?? 0) > 0;
    const known = new Set(live().map(({ id }) => id));
    const created = gateway.create(request, scope).then(
      () => undefined,
      (error: unknown) => {
        if (!isRoundhouseError(error)) throw error;
      },
    );
    creating.add(created);
    void created.finally(() => creating.delete(created));
    const [entry] = live().filter(({ id }) => !known.has(id));
    if (isWarm && entry !== undefined) {
      expect(entry.line?.session).toBeInstanceOf(LentSession);
      const { body } = entry.screen('text');
      expect(body).toContain('MAIN MENU');
      expect(body).not.toContain('SECRET');
    }
  };

  const perform = async (each: Step): Promise<void> => {
    switch (each.do) {
      case 'create':
        return begin(each.particular);
      case 'delete': {
        const entries = live();
        const entry = entries[each.which % entries.length];
        if (entry === undefined) return;
        const session = entry.line?.session;
        if (each.hasTyped && session?.keyboardLocked === false) session.perform({ type: 'text', text: 'SECRET' });
        return void gateway.sessions.remove(entry.id);
      }
      case 'kill':
        return hosts.kill(each.host);
      case 'revive':
        return hosts.revive(each.host);
      case 'drain':
        return void gateway.drain(each.host, { deadline_ms: 1_000 });
      case 'undrain':
        return void gateway.drain(each.host, { undo: true });
      case 'wait':
        return clock.advance(each.ms);
    }
  };

  const check = (): void => {
    const { ready, opening, leased } = gateway.directory.groupResource('prod').warm as NonNullable<
      ReturnType<typeof gateway.directory.groupResource>['warm']
    >;
    expect(ready).toBeGreaterThanOrEqual(0);
    expect(opening).toBeGreaterThanOrEqual(0);
    expect(ready + opening).toBeLessThanOrEqual(SIZE);
    const lines = live().flatMap(({ line }) => (line === undefined ? [] : [line]));
    const lent = lines.filter(
      ({ session }) => session instanceof LentSession && session.connectionState !== 'not-connected',
    );
    expect(leased).toBe(lent.length);
    expect(new Set(lines.map(({ session }) => session.screen)).size).toBe(lines.length);
    for (const id of HOSTS) expect(hosts.count(id)).toBeLessThanOrEqual(MAX_PER_HOST);
  };

  const end = async (): Promise<void> => {
    await gateway.close();
    await Promise.all(creating);
    expect(world.clock.pendingTimers).toBe(0);
    for (const id of HOSTS) {
      expect(hosts.count(id)).toBe(0);
    }
    expect(gateway.directory.groupResource('prod')).toMatchObject({
      active_sessions: 0,
      warm: { size: SIZE, ready: 0, opening: 0, leased: 0 },
    });
  };

  return { world, perform, check, end };
}

describe('a pool under creates, deletes, losses and drains', () => {
  it('counts right, keeps to the limits, lends no line twice and shows nobody what others typed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
        const { world, perform, check, end } = treated();
        await world.clock.advance(100);
        for (const each of steps) {
          await perform(each);
          check();
        }
        // All is well again: the pool comes to its size by itself, as far as there is room.
        for (const entry of world.gateway.sessions.live()) void world.gateway.sessions.remove(entry.id);
        for (const id of HOSTS) {
          world.hosts.revive(id);
          world.gateway.drain(id, { undo: true });
        }
        await world.clock.advance(120_000);
        check();
        expect(world.gateway.directory.groupResource('prod').warm).toMatchObject({
          ready: SIZE,
          opening: 0,
          leased: 0,
        });
        await end();
      }),
      { numRuns: 60 },
    );
  });
});
