import { randomBytes } from 'node:crypto';
import type { CreateSession, InputRequest } from '@roundhouse/api';
import { createScope, type Scope, silentLogger } from '@roundhouse/core';
import { FakeClock, FakeSession } from '@roundhouse/testing';
import { type Session, tn3270Error } from '@roundhouse/tn3270';
import { describe, expect, it } from 'vitest';
import { EventRecorder } from '../event/recorder.fixture.ts';
import { Connector } from './connector.ts';
import type { OpenSession } from './open.ts';
import { SessionRegistry, type SessionRegistryDependencies, type SessionRegistryOptions } from './registry.ts';
import { namedTarget } from './target.ts';

const TARGET: CreateSession = { host: 'host.test', port: 23, wait: 'connected' };
const OPTIONS: SessionRegistryOptions = {
  maxSessions: 10,
  maxSessionsPerUser: 3,
  idleAfterMs: 1_000,
  retainEndedMs: 60_000,
};

interface World {
  readonly clock: FakeClock;
  readonly registry: SessionRegistry;
  readonly scope: Scope;
  readonly sessions: FakeSession[];
  readonly events: EventRecorder;
}

function world(openSession?: OpenSession): World {
  const clock = new FakeClock();
  const scope = createScope({ clock });
  const events = new EventRecorder(clock);
  const sessions: FakeSession[] = [];
  const open: OpenSession = async (options, life): Promise<Session> => {
    const session = new FakeSession(options);
    life.onEnd((reason) => session.destroy(reason));
    sessions.push(session);
    return session;
  };
  const deps: SessionRegistryDependencies = {
    connector: new Connector(openSession ?? open),
    route: (request) => ({
      profile: request,
      destination: { kind: 'target', target: namedTarget(request.host as string, request.port as number, request) },
    }),
    leaseWarm: () => undefined,
    clock,
    log: silentLogger,
    events,
    newId: (prefix) => `${prefix}_${randomBytes(18).toString('base64url')}`,
    scope,
    onLost: () => false,
    onMoveWanted: () => {},
  };
  return { clock, scope, sessions, events, registry: new SessionRegistry(OPTIONS, deps) };
}

describe('the life of a session', () => {
  it('is connected, active when used, idle after a time without use, and active again', async () => {
    const { clock, registry, scope } = world();
    const entry = await registry.create(TARGET, scope);
    expect(entry.state).toBe('connected');
    await clock.advance(900);
    entry.screen('json');
    expect(entry.state).toBe('active');
    await clock.advance(900);
    expect(entry.state).toBe('active');
    await clock.advance(100);
    expect(entry.state).toBe('idle');
    entry.screen('json');
    expect(entry.state).toBe('active');
    await clock.advance(1_000);
    expect(entry.state).toBe('idle');
  });

  it('notes the last use by a caller, not what the host does', async () => {
    const { clock, registry, scope, sessions } = world();
    const entry = await registry.create(TARGET, scope);
    const created = entry.resource().last_activity_at;
    await clock.advance(500);
    sessions[0]?.hostWrites(1, 1, 'X');
    expect(entry.resource().last_activity_at).toBe(created);
    entry.screen('json');
    expect(entry.resource().last_activity_at).toBe(new Date(clock.now()).toISOString());
  });

  it.each([
    ['closed', tn3270Error('HOST_CLOSED', { details: { peer: 'p' } }), 'HOST_CLOSED'],
    ['error', tn3270Error('RECORD_TOO_LARGE', { details: { peer: 'p', max_record_bytes: 1 } }), 'RECORD_TOO_LARGE'],
  ])('that ended by itself is %s for a while, then forgotten', async (state, reason, code) => {
    const { clock, registry, scope, sessions } = world();
    const { id } = await registry.create(TARGET, scope);
    sessions[0]?.hostCloses(reason);
    await clock.advance(OPTIONS.retainEndedMs - 1);
    expect(registry.get(id).resource()).toMatchObject({ state, error: { code } });
    await clock.advance(1);
    expect(() => registry.get(id)).toThrow(expect.objectContaining({ code: 'SESSION_NOT_FOUND' }));
    expect(clock.pendingTimers).toBe(0);
  });

  it('that could not be opened in the background stays with its error', async () => {
    const { clock, registry, scope } = world(async () => {
      throw tn3270Error('LU_IN_USE', { details: { lu: 'A' } });
    });
    const { id } = await registry.create({ ...TARGET, wait: 'none' }, scope);
    await clock.advance(0);
    expect(registry.get(id).resource()).toMatchObject({ state: 'error', error: { code: 'LU_IN_USE' } });
  });

  it('ends when the caller goes away before the answer', async () => {
    const { registry, scope, sessions } = world();
    const caller = scope.child();
    const creating = registry.create({ ...TARGET, wait: 'screen' }, caller);
    await Promise.resolve();
    caller.end();
    await expect(creating).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(sessions[0]?.hasEnded).toBe(true);
    expect(registry.list(10, 0).items).toEqual([]);
  });

  it('takes no timer along when it is closed', async () => {
    const { clock, registry, scope } = world();
    const { id } = await registry.create(TARGET, scope);
    await registry.remove(id);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is cut when the goodbye takes too long', async () => {
    class Stubborn extends FakeSession {
      override close(): Promise<void> {
        return new Promise(() => {});
      }
    }
    const session = new Stubborn();
    const { clock, registry, scope } = world(async () => session);
    const { id } = await registry.create(TARGET, scope);
    const removed = registry.remove(id);
    await clock.advance(2_000);
    await removed;
    expect(session.hasEnded).toBe(true);
  });
});

describe('waiting for the first screen', () => {
  it('gives a host that leaves the keyboard locked a second to unlock', async () => {
    const { clock, registry, scope, sessions } = world();
    const creating = registry.create({ ...TARGET, wait: 'screen' }, scope);
    await clock.advance(0);
    sessions[0]?.hostLocks();
    await clock.advance(1_000);
    expect((await creating).resource()).toMatchObject({ connection_state: 'connected-tn3270e' });
  });

  it('is a HOST_SILENT with the address when nothing comes', async () => {
    const { clock, registry, scope } = world();
    const creating = registry.create({ ...TARGET, wait: 'screen', timeout_ms: 5_000 }, scope);
    const outcome = expect(creating).rejects.toMatchObject({
      code: 'HOST_SILENT',
      details: { peer: 'host.test:23', timeout_ms: 5_000 },
    });
    await clock.advance(6_000);
    await outcome;
  });
});

describe('bounds', () => {
  it('lets ended sessions free their place', async () => {
    const { registry, scope, sessions } = world();
    for (let count = 0; count < OPTIONS.maxSessions; count++) await registry.create(TARGET, scope);
    await expect(registry.create(TARGET, scope)).rejects.toMatchObject({ code: 'SESSION_LIMIT_REACHED' });
    sessions[0]?.hostCloses();
    await expect(registry.create(TARGET, scope)).resolves.toMatchObject({ state: 'connected' });
  });

  it('keeps a thousand ended sessions at most, and drops the oldest', async () => {
    const { registry, scope, sessions } = world();
    const first = await registry.create(TARGET, scope);
    sessions[0]?.hostCloses();
    for (let count = 0; count < 1_000; count++) {
      await registry.create(TARGET, scope);
      sessions.at(-1)?.hostCloses();
    }
    expect(() => registry.get(first.id)).toThrow();
    expect(registry.countByState()).toMatchObject({ closed: 1_000, connected: 0 });
  });

  it('refuses an input when sixteen wait behind the running one', async () => {
    const { registry, scope, sessions } = world();
    const entry = await registry.create(TARGET, scope);
    sessions[0]?.hostUnlocks();
    const request: InputRequest = { actions: [], wait: { for: 'text', text: 'NEVER' } };
    const outcomes = Array.from({ length: 17 }, () => entry.input(request, scope).catch((error: unknown) => error));
    await expect(entry.input(request, scope)).rejects.toMatchObject({ code: 'INPUT_BUSY' });
    await registry.close();
    expect(await Promise.all(outcomes)).toHaveLength(17);
  });

  it('refuses a screen wait when sixty-four wait', async () => {
    const { registry, scope } = world();
    const entry = await registry.create(TARGET, scope);
    const waits = Array.from({ length: 64 }, () => entry.newerScreen(99, {}, scope).catch(() => {}));
    await expect(entry.newerScreen(99, {}, scope)).rejects.toMatchObject({ code: 'WAITERS_LIMIT_REACHED' });
    await registry.close();
    await Promise.all(waits);
  });

  it('lets nobody in once it closes', async () => {
    const { registry, scope, events } = world();
    await registry.create(TARGET, scope);
    await registry.close();
    await registry.close();
    await expect(registry.create(TARGET, scope)).rejects.toMatchObject({ code: 'GATEWAY_STOPPING' });
    expect(events.all.filter(({ type }) => type === 'roundhouse.session.closed')).toHaveLength(1);
  });
});
