import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkGraph } from './check.ts';
import type { DependentWorker } from './graph.ts';

const worker = (id: string, ...on: string[]): DependentWorker => ({
  id,
  dependencies: on.map((each) => ({ worker: each, condition: 'ready', cascade: 'none' })),
});

describe('a fault', () => {
  it('names what is missing, its place, and a name that is near', () => {
    expect(checkGraph([worker('web', 'cache', 'databse'), worker('database'), worker('cache', 'x')])).toEqual([
      { worker: 'web', index: 1, kind: 'missing', reason: 'is on databse, which there is not; did you mean database?' },
      { worker: 'cache', index: 0, kind: 'missing', reason: 'is on x, which there is not' },
    ]);
  });

  it('names a dependency on itself', () => {
    expect(checkGraph([worker('a', 'b', 'a'), worker('b')])).toEqual([
      { worker: 'a', index: 1, kind: 'self', reason: 'is on the worker itself' },
    ]);
  });

  it('names the shortest cycle through the first worker, and the dependency that closes it', () => {
    const workers = [worker('x', 'a'), worker('a', 'd', 'b'), worker('b', 'c', 'a'), worker('c', 'a'), worker('d')];
    expect(checkGraph(workers)).toEqual([
      { worker: 'a', index: 1, kind: 'cycle', reason: 'closes a cycle: a → b → a' },
    ]);
  });

  it('is told for each cycle that stands alone', () => {
    const workers = [worker('a', 'b'), worker('b', 'a'), worker('c', 'd', 'a'), worker('d', 'c')];
    expect(checkGraph(workers).map(({ reason }) => reason)).toEqual([
      'closes a cycle: a → b → a',
      'closes a cycle: c → d → c',
    ]);
  });

  it('is not told of workers that may be as they are', () => {
    expect(checkGraph([worker('a', 'b', 'c'), worker('b', 'c'), worker('c')])).toEqual([]);
  });

  it('shortens a long cycle: 100,000 workers in a ring', () => {
    const count = 100_000;
    const ring = Array.from({ length: count }, (_, node) => worker(`w${node}`, `w${(node + 1) % count}`));
    const [fault, ...others] = checkGraph(ring);
    expect(others).toEqual([]);
    expect(fault?.reason).toMatch(/^closes a cycle: w0 → w1 → .* → … 99985 more … → .* → w99999 → w0$/);
  });
});

it('finds a cycle if and only if there is one', () => {
  const count = 8;
  const graphs = fc
    .array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 14 })
    .map((pairs) => pairs.filter(([a, b]) => a !== b));
  fc.assert(
    fc.property(graphs, (pairs) => {
      const workers = Array.from({ length: count }, (_, node) =>
        worker(`w${node}`, ...pairs.filter(([a]) => a === node).map(([, b]) => `w${b}`)),
      );
      // Floyd and Warshall: whoever reaches itself is in a cycle.
      const reach = Array.from({ length: count }, (_, a) =>
        Array.from({ length: count }, (_, b) => pairs.some(([from, to]) => from === a && to === b)),
      );
      for (let via = 0; via < count; via++)
        for (let a = 0; a < count; a++)
          for (let b = 0; b < count; b++) {
            const row = reach[a] as boolean[];
            row[b] ||= (row[via] as boolean) && (reach[via]?.[b] as boolean);
          }
      const hasCycle = reach.some((row, node) => row[node]);
      const faults = checkGraph(workers);
      expect(faults.length > 0).toBe(hasCycle);
      for (const { worker: id, index, reason } of faults) {
        const names = reason.replace('closes a cycle: ', '').split(' → ');
        expect(names[0]).toBe(id);
        expect(names.at(-1)).toBe(id);
        expect(workers.find((each) => each.id === id)?.dependencies[index]?.worker).toBe(names[1]);
        for (const [at, name] of names.slice(0, -1).entries()) {
          const next = names[at + 1];
          expect(workers.find((each) => each.id === name)?.dependencies.some((each) => each.worker === next)).toBe(
            true,
          );
        }
      }
    }),
  );
});
