import { describe, expect, it } from 'vitest';
import { fallbackLoop } from './groupPlan.ts';

describe('the way from a group back to itself', () => {
  it('is found over any number of groups, and asks each once however many ways lead there', () => {
    const layers = 8;
    const asked: string[] = [];
    /** Two groups a layer, each of which falls back to both of the next. */
    const fallbackOf = (id: string): readonly string[] => {
      asked.push(id);
      const next = Number(id.slice(1)) + 1;
      return next < layers ? [`a${next}`, `b${next}`] : [];
    };
    expect(fallbackLoop('new', ['a0', 'b0'], fallbackOf)).toBeUndefined();
    expect(asked.sort()).toEqual([...new Set(asked)]);
    expect(asked).toHaveLength(2 * layers);
    expect(fallbackLoop('b3', ['a0'], fallbackOf)).toEqual(['b3', 'a0', 'a1', 'a2', 'b3']);
    expect(fallbackLoop('b3', ['b3'], fallbackOf)).toEqual(['b3', 'b3']);
  });
});
