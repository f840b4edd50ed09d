import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { coreError } from './errors.ts';
import { createScope } from './scope.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('Scope', () => {
  it('ends with its first reason, tells each callback once, and aborts its signal', () => {
    const scope = createScope();
    const told: string[] = [];
    scope.onEnd(({ code }) => told.push(code));
    const withdraw = scope.onEnd(() => told.push('withdrawn'));
    withdraw();
    const first = coreError('NOT_SUPPORTED', { details: { what: 'this' } });
    scope.end(first);
    scope.end();
    expect(told).toEqual(['NOT_SUPPORTED']);
    expect(scope.signal.reason).toBe(first);
    expect(() => scope.throwIfEnded()).toThrow(first);
  });

  it('has one reason for all who ask, however late, and its children with it', () => {
    const scope = createScope();
    const child = scope.child();
    scope.end();
    const { reason } = child.signal;
    expect(reason).toMatchObject({ code: 'CANCELLED' });
    expect(scope.signal.reason).toBe(reason);
    expect(() => scope.throwIfEnded()).toThrow(reason as Error);
    expect(scope.child().signal.reason).toBe(reason);
  });

  it('tells at once whoever subscribes too late', () => {
    const scope = createScope();
    scope.end();
    const late = vi.fn();
    scope.onEnd(late);
    expect(late).toHaveBeenCalledOnce();
  });

  it('ends at its deadline and names what did not finish', () => {
    const scope = createScope({ what: 'The call', timeoutMs: 500 });
    expect(scope.deadline).toBe(performance.now() + 500);
    vi.advanceTimersByTime(499);
    expect(scope.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(scope.signal.reason).toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      message: 'The call did not finish within 500 ms',
    });
  });

  it('leaves no timer behind when it ends early', () => {
    createScope({ timeoutMs: 500 }).end();
    const scope = createScope();
    void scope.sleep(500).catch(() => {});
    scope.end();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends its children with its reason, and a child alone', () => {
    const parent = createScope();
    const child = parent.child();
    const sibling = parent.child();
    sibling.end();
    expect(child.signal.aborted).toBe(false);
    expect(parent.signal.aborted).toBe(false);
    const reason = coreError('INTERNAL', { details: { reason: 'x' } });
    parent.end(reason);
    expect(child.signal.reason).toBe(reason);
    expect(sibling.signal.reason).toMatchObject({ code: 'CANCELLED' });
  });

  it('a child of an ended scope is ended, and has no timer', () => {
    const parent = createScope();
    parent.end();
    expect(parent.child({ timeoutMs: 5 }).signal.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('a child lives no longer than its parent', () => {
    const parent = createScope({ timeoutMs: 100 });
    expect(parent.child({ timeoutMs: 1_000 }).deadline).toBe(parent.deadline);
    expect(parent.child({ timeoutMs: 10 }).deadline).toBeLessThan(parent.deadline);
    expect(createScope().deadline).toBe(Infinity);
  });

  it('follows a signal, also one that has aborted before', () => {
    const controller = new AbortController();
    const scope = createScope({ signal: controller.signal });
    controller.abort(new Error('mine'));
    expect(scope.signal.reason).toMatchObject({
      code: 'CANCELLED',
      cause: expect.objectContaining({ message: 'mine' }),
    });
    expect(createScope({ signal: controller.signal }).signal.aborted).toBe(true);
    const own = coreError('NOT_SUPPORTED');
    expect(createScope({ signal: AbortSignal.abort(own) }).signal.reason).toBe(own);
  });

  it('a callback that throws stops neither the others nor the abort', async () => {
    const uncaught = new Promise((resolve) => vi.stubGlobal('queueMicrotask', resolve));
    try {
      const scope = createScope();
      const other = vi.fn();
      const bug = new Error('bug');
      scope.onEnd(() => {
        throw bug;
      });
      scope.onEnd(other);
      scope.end();
      expect(other).toHaveBeenCalledOnce();
      expect(scope.signal.aborted).toBe(true);
      expect((await uncaught) as () => void).toThrow(bug);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('tells in the order of coming, and nobody who has left, whoever leaves in whatever order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(99), { maxLength: 40 }), fc.array(fc.nat(99), { maxLength: 40 }), (adds, leaves) => {
        const scope = createScope();
        const told: number[] = [];
        const there = new Map<number, () => void>();
        for (const [index, kind] of adds.entries()) {
          if (kind % 2 === 0)
            there.set(
              index,
              scope.onEnd(() => told.push(index)),
            );
          else {
            const child = scope.child();
            child.onEnd(() => there.has(index) && told.push(index));
            there.set(index, () => child.end());
          }
        }
        for (const leave of leaves) {
          const withdraw = there.get(leave);
          there.delete(leave);
          withdraw?.();
          withdraw?.();
        }
        scope.end();
        expect(told).toEqual([...there.keys()]);
      }),
    );
  });

  it('does not tell whom another has withdrawn at the end', () => {
    const scope = createScope();
    const other = vi.fn();
    scope.onEnd(() => withdraw());
    const withdraw = scope.onEnd(other);
    scope.end();
    expect(other).not.toHaveBeenCalled();
  });

  it('sleeps for the time given, or until it ends', async () => {
    const scope = createScope();
    const whole = scope.sleep(100);
    const cut = scope.sleep(200);
    vi.advanceTimersByTime(100);
    await expect(whole).resolves.toBeUndefined();
    scope.end();
    await expect(cut).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(scope.sleep(1)).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('races a promise against its end', async () => {
    const scope = createScope();
    await expect(scope.race(Promise.resolve(1))).resolves.toBe(1);
    await expect(scope.race(Promise.reject(new Error('own')))).rejects.toThrow('own');
    const never = scope.race(new Promise(() => {}));
    scope.end();
    await expect(never).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(scope.race(Promise.reject(new Error('too late')))).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('ends at the end of a using block', () => {
    let outside;
    {
      using scope = createScope();
      outside = scope;
    }
    expect(outside.signal.aborted).toBe(true);
  });
});
