import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashText, rendezvous } from './affinity.ts';
import { CandidateTable } from './candidateTable.ts';

const KEYS = 20_000;
const UNBOUNDED = Number.MAX_VALUE;

function tableOf(weights: Readonly<Record<string, number>>): CandidateTable {
  const table = new CandidateTable();
  for (const [id, weight] of Object.entries(weights)) table.weight[table.append(id)] = weight;
  return table;
}

function place(table: CandidateTable, key: string, loadFactor = UNBOUNDED): string {
  const rows = Uint32Array.from({ length: table.size }, (_, row) => row);
  const field = { candidates: table, rows, count: table.size, scores: new Float64Array(table.size) };
  return table.ids[rendezvous(field, hashText(key), loadFactor)] as string;
}

function placeAll(table: CandidateTable): string[] {
  return Array.from({ length: KEYS }, (_, index) => place(table, `user${index}`));
}

function share(places: readonly string[], id: string): number {
  return places.filter((each) => each === id).length / places.length;
}

describe('rendezvous', () => {
  it('gives each endpoint the share of its weight, within 1.5 %', () => {
    const places = placeAll(tableOf({ a: 1, b: 2, c: 3, d: 4 }));
    for (const [id, weight] of Object.entries({ a: 1, b: 2, c: 3, d: 4 })) {
      expect(Math.abs(share(places, id) - weight / 10)).toBeLessThan(0.015);
    }
  });

  it('moves only the keys of an endpoint that leaves, and only to one that joins', () => {
    const with5 = placeAll(tableOf({ a: 1, b: 1, c: 2, d: 1, e: 1 }));
    const with4 = placeAll(tableOf({ a: 1, b: 1, d: 1, e: 1 }));
    with5.forEach((id, index) => {
      if (id !== 'c') expect(with4[index]).toBe(id);
    });
    expect(Math.abs(share(with5, 'c') - 2 / 6)).toBeLessThan(0.015);
  });

  it('does not depend on the order of the endpoints', () => {
    expect(placeAll(tableOf({ c: 2, a: 1, b: 1 }))).toEqual(placeAll(tableOf({ a: 1, b: 1, c: 2 })));
  });

  it('never lets an endpoint exceed its bounded share, and always finds one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 }),
        fc.double({ min: 1, max: 2, noNaN: true }),
        fc.array(fc.string({ maxLength: 4 }), { minLength: 1, maxLength: 80 }),
        (weights, loadFactor, keys) => {
          const table = tableOf(Object.fromEntries(weights.map((weight, index) => [`e${index}`, weight])));
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          keys.forEach((key, leases) => {
            const row = table.ids.indexOf(place(table, key, loadFactor));
            expect(row).toBeGreaterThanOrEqual(0);
            table.active[row] = (table.active[row] as number) + 1;
            const bound = Math.ceil((loadFactor * (leases + 1) * (weights[row] as number)) / total);
            expect(table.active[row]).toBeLessThanOrEqual(bound);
          });
        },
      ),
    );
  });

  it('falls to the next in the order of the key when the first is at its bound', () => {
    const table = tableOf({ a: 1, b: 1, c: 1 });
    const first = place(table, 'joe', 1.25);
    table.active[table.ids.indexOf(first)] = 5;
    const others = Object.fromEntries(table.ids.filter((id) => id !== first).map((id) => [id, 1]));
    expect(place(table, 'joe', 1.25)).toBe(place(tableOf(others), 'joe'));
  });
});
