import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LabelSets } from './labels.ts';

describe('LabelSets', () => {
  it('give each set back as it was, up to their number', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ a: fc.string(), b: fc.string() }), { maxLength: 50 }), (all) => {
        const sets = new LabelSets(['a', 'b'], 10);
        const distinct = new Set<string>();
        for (const labels of all) {
          const admitted = sets.admit(labels);
          if (admitted['a'] !== labels.a || admitted['b'] !== labels.b) {
            expect(admitted).toEqual({ a: 'other', b: 'other' });
            expect(distinct.size).toBe(10);
          } else distinct.add(JSON.stringify(labels));
        }
        expect(distinct.size).toBeLessThanOrEqual(11);
      }),
    );
  });

  it('ask for the labels of a key once', () => {
    const sets = new LabelSets(['a']);
    const first = sets.admitAs('key', () => ({ a: '1' }));
    expect(sets.admitAs('key', () => expect.unreachable())).toBe(first);
    expect(sets.refused).toBe(0);
  });
});
