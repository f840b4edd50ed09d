import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DependencySpec } from '../spec/spec.ts';
import { DependencyGraph, type DependentWorker } from './graph.ts';

const on = (worker: string, cascade: DependencySpec['cascade'] = 'none'): DependencySpec => ({
  worker,
  condition: 'ready',
  cascade,
});
const worker = (id: string, ...dependencies: (string | DependencySpec)[]): DependentWorker => ({
  id,
  dependencies: dependencies.map((each) => (typeof each === 'string' ? on(each) : each)),
});

const SHOP = [
  worker('web', 'api', 'cache'),
  worker('api', 'database'),
  worker('cache'),
  worker('database'),
  worker('report', 'database'),
];

describe('waves', () => {
  it('have what a worker depends on before it, and stop the other way round', () => {
    const graph = new DependencyGraph(SHOP);
    expect(graph.startWaves()).toEqual([['cache', 'database'], ['api', 'report'], ['web']]);
    expect(graph.stopWaves()).toEqual([['web'], ['api', 'report'], ['cache', 'database']]);
  });

  it('leave nobody out: a cycle and what it holds up come last', () => {
    const graph = new DependencyGraph([
      worker('a', 'b'),
      worker('b', 'a'),
      worker('c', 'a'),
      worker('d', 'e', 'nobody', 'd'),
      worker('e'),
    ]);
    expect(graph.startWaves()).toEqual([['e'], ['d'], ['a', 'b', 'c']]);
  });

  it('are none for nobody', () => {
    expect(new DependencyGraph([]).startWaves()).toEqual([]);
  });

  it('of any graph without cycles are in order and whole', () => {
    // Edges from later to earlier numbers only; the order of workers is another.
    const acyclic = fc
      .integer({ min: 1, max: 30 })
      .chain((count) =>
        fc
          .tuple(
            fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 80 }),
            fc.shuffledSubarray([...Array(count).keys()], { minLength: count }),
          )
          .map(([pairs, order]) =>
            order.map((node) =>
              worker(
                `w${node}`,
                ...pairs.filter(([a, b]) => Math.max(a, b) === node && a !== b).map(([a, b]) => `w${Math.min(a, b)}`),
              ),
            ),
          ),
      );
    fc.assert(
      fc.property(acyclic, (workers) => {
        const waves = new DependencyGraph(workers).startWaves();
        const waveOf = new Map(waves.flatMap((wave, index) => wave.map((id) => [id, index] as const)));
        expect(waves.flat().toSorted()).toEqual(workers.map(({ id }) => id).toSorted());
        for (const { id, dependencies } of workers) {
          for (const each of dependencies) expect(waveOf.get(each.worker)).toBeLessThan(waveOf.get(id) as number);
        }
      }),
    );
  });
});

describe('dependants', () => {
  it('are all that depend on a worker, the last of a chain first', () => {
    const graph = new DependencyGraph(SHOP);
    expect(graph.dependantsOf('database')).toEqual(['web', 'api', 'report']);
    expect(graph.dependantsOf('web')).toEqual([]);
    expect(graph.dependantsOf('nobody')).toEqual([]);
  });

  it('of a worker in a cycle are the others, not it', () => {
    const graph = new DependencyGraph([worker('a', 'b'), worker('b', 'a')]);
    expect(graph.dependantsOf('a')).toEqual(['b']);
  });
});

describe('a cascade', () => {
  it('goes on through those that go down, and ends with those that do not care', () => {
    const graph = new DependencyGraph([
      worker('database'),
      worker('api', on('database', 'restart')),
      worker('web', on('api', 'stop')),
      worker('page', on('web', 'restart')),
      worker('report', on('database')),
      worker('mail', on('report', 'stop')),
    ]);
    expect([...graph.cascadeOf('database')]).toEqual([
      ['page', 'restart'],
      ['web', 'stop'],
      ['api', 'restart'],
    ]);
    expect([...graph.cascadeOf('report')]).toEqual([['mail', 'stop']]);
    expect(graph.cascadeOf('page').size).toBe(0);
  });

  it('is a stop where one asks for it and another for a restart', () => {
    const graph = new DependencyGraph([
      worker('a'),
      worker('b', on('a', 'restart')),
      worker('c', on('a', 'stop'), on('b', 'restart')),
    ]);
    expect(graph.cascadeOf('a').get('c')).toBe('stop');
    expect(graph.cascadeOf('b').get('c')).toBe('restart');
  });

  it('that comes back to its beginning ends there', () => {
    const graph = new DependencyGraph([worker('a', on('b', 'stop')), worker('b', on('a', 'stop'))]);
    expect([...graph.cascadeOf('a')]).toEqual([['b', 'stop']]);
  });
});

it('takes a chain of 100,000', () => {
  const count = 100_000;
  const chain = Array.from({ length: count }, (_, node) => worker(`w${node}`, ...(node > 0 ? [`w${node - 1}`] : [])));
  const graph = new DependencyGraph(chain);
  expect(graph.startWaves()).toHaveLength(count);
  expect(graph.dependantsOf('w0')).toHaveLength(count - 1);
});
