import { createScope, type Unsubscribe } from '@roundhouse/core';
import { FakeClock, FakeSession } from '@roundhouse/testing';
import { type Session, tn3270Error } from '@roundhouse/tn3270';
import { describe, expect, it } from 'vitest';
import { LentSession } from './lentSession.ts';

/** A session that knows how many listen to it, lent to somebody. */
function lent() {
  const scope = createScope({ clock: new FakeClock() });
  const session = new FakeSession();
  const listeners = new Set<Unsubscribe>();
  const subscribe = session.on;
  const counted: Session['on'] = (name, listener) => {
    const leave = subscribe(name, listener);
    listeners.add(leave);
    return () => {
      listeners.delete(leave);
      leave();
    };
  };
  session.on = counted;
  const told: string[] = [];
  const loan = new LentSession(session, scope, () => told.push('given back'));
  loan.on('closed', ({ error }) => told.push(`closed ${error?.code ?? 'in order'}`));
  return { scope, session, loan, told, listeners };
}

describe('a session that is lent', () => {
  it('is the session behind it while it lasts', () => {
    const { session, loan } = lent();
    const seen: number[] = [];
    loan.on('screenChanged', ({ version }) => seen.push(version));
    session.hostWrites(1, 1, 'HELLO');
    session.hostUnlocks();
    loan.perform({ type: 'cursor', row: 2, column: 2 });
    expect(seen.at(-1)).toBe(session.screen.version);
    expect(loan.screen).toBe(session.screen);
    expect(loan).toMatchObject({ keyboardLocked: false, lockReason: null, connectionState: 'connected-tn3270e' });
  });

  it('is given back once when it is closed, and listens no more', async () => {
    const { session, loan, told, listeners, scope } = lent();
    await loan.close();
    await loan.close();
    loan.destroy();
    scope.end();
    expect(told).toEqual(['closed in order', 'given back']);
    expect(listeners.size).toBe(0);
    expect(session.hasEnded).toBe(false);
    expect(loan).toMatchObject({ keyboardLocked: true, lockReason: 'not_connected', connectionState: 'not-connected' });
    await expect(loan.waitFor({ for: 'unlocked' }, scope)).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
  });

  it.each([
    ['it is destroyed', ({ loan }: ReturnType<typeof lent>) => loan.destroy()],
    ['the life of its user ends', ({ scope }: ReturnType<typeof lent>) => scope.end()],
    ['the host ends it', ({ session }: ReturnType<typeof lent>) => session.hostCloses()],
  ])('ends with the session and is not given back when %s', async (_, end) => {
    const world = lent();
    const wait = expect(
      world.loan.waitFor({ for: 'text', text: 'NEVER' }, createScope({ clock: new FakeClock() })),
    ).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
    world.session.hostWrites(1, 1, 'LAST WORDS');
    end(world);
    await wait;
    expect(world.session.hasEnded).toBe(true);
    expect(world.told).toHaveLength(1);
    expect(world.listeners.size).toBe(0);
    // What was shown last may still be looked at: nobody else has it.
    expect(world.loan.screen).toBe(world.session.screen);
  });

  it('tells why the host ended it', () => {
    const { session, told } = lent();
    session.hostCloses(tn3270Error('HOST_CLOSED', { details: { peer: 'p' } }));
    expect(told).toEqual(['closed HOST_CLOSED']);
  });
});
