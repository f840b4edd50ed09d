import { createScope } from '@roundhouse/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WaitingLine } from './waitingLine.ts';

describe('WaitingLine', () => {
  it('keeps the order of arrival whoever leaves, and settles everyone once', async () => {
    const step = fc.oneof(
      fc.constant({ do: 'join' as const, who: 0 }),
      fc.record({ do: fc.constant('leave' as const), who: fc.nat(20) }),
      fc.constant({ do: 'admit' as const, who: 0 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        let left = 0;
        const line = new WaitingLine(() => left++);
        const scopes = new Map<number, ReturnType<typeof createScope>>();
        const outcomes: Promise<string>[] = [];
        const expected: string[] = [];
        let waiting: number[] = [];
        for (const { do: what, who } of steps) {
          if (what === 'join') {
            const id = outcomes.length;
            const scope = createScope();
            scopes.set(id, scope);
            waiting.push(id);
            outcomes.push(
              line.join(scope, id).then(
                () => 'admitted',
                () => 'left',
              ),
            );
          } else if (what === 'leave') {
            const id = waiting[who % waiting.length];
            if (id === undefined) continue;
            waiting = waiting.filter((each) => each !== id);
            expected[id] = 'left';
            scopes.get(id)?.end();
          } else {
            const id = waiting.shift();
            if (id !== undefined) expected[id] = 'admitted';
            line.admitFirst();
            if (id !== undefined) scopes.get(id)?.end();
          }
          expect(line.size).toBe(waiting.length);
          expect(line.firstNeed).toBe(waiting[0]);
        }
        for (const id of waiting) {
          expected[id] = 'admitted';
          line.admitFirst();
        }
        expect(await Promise.all(outcomes)).toEqual(expected);
        expect(left).toBe(expected.filter((outcome) => outcome === 'left').length);
      }),
    );
  });
});
