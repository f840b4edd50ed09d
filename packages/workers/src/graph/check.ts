import { nearest } from '@roundhouse/core';
import type { DependentWorker } from './graph.ts';

/** What is wrong with a dependency: the one at `index` of those of `worker`. */
export interface GraphFault {
  readonly worker: string;
  readonly index: number;
  readonly kind: 'missing' | 'self' | 'cycle';
  /** For people: goes on from "the dependency". */
  readonly reason: string;
}

/** Names that are compared with missing ones, at most: about 10 µs each. */
const MAX_COMPARISONS = 20_000;
/** Longest cycle that is told whole. */
const MAX_NAMES = 16;

/** All that is wrong with the dependencies, in the order of workers; of cycles that share a worker the shortest one. */
export function checkGraph(workers: readonly DependentWorker[]): GraphFault[] {
  const nodes = new Map(workers.map(({ id }, node) => [id, node]));
  const faults: (GraphFault & { readonly node: number })[] = [];
  let comparisons = 0;
  workers.forEach(({ id, dependencies }, node) => {
    dependencies.forEach(({ worker: on }, index) => {
      if (on === id) faults.push({ node, worker: id, index, kind: 'self', reason: 'is on the worker itself' });
      if (nodes.has(on)) return;
      comparisons += nodes.size;
      const near = comparisons <= MAX_COMPARISONS ? nearest(on, nodes.keys()) : undefined;
      const hint = near === undefined ? '' : `; did you mean ${near}?`;
      faults.push({ node, worker: id, index, kind: 'missing', reason: `is on ${on}, which there is not${hint}` });
    });
  });

  // Edges to itself have been told, and would hide longer cycles.
  const edges = workers.map(({ dependencies }, node) =>
    dependencies
      .map(({ worker }) => nodes.get(worker))
      .filter((on) => on !== undefined)
      .filter((on) => on !== node),
  );
  for (const path of cyclesOf(edges)) {
    const [node = 0, second = 0] = path;
    const { id = '', dependencies = [] } = workers[node] ?? {};
    const index = dependencies.findIndex(({ worker }) => nodes.get(worker) === second);
    const names = [...path, node].map((each) => workers[each]?.id ?? '');
    faults.push({ node, worker: id, index, kind: 'cycle', reason: `closes a cycle: ${textOf(names)}` });
  }
  return faults
    .sort((a, b) => a.node - b.node || a.index - b.index)
    .map(({ worker, index, kind, reason }) => ({ worker, index, kind, reason }));
}

function textOf(names: readonly string[]): string {
  const half = MAX_NAMES / 2;
  const shown =
    names.length <= MAX_NAMES
      ? names
      : [...names.slice(0, half), `… ${names.length - MAX_NAMES} more …`, ...names.slice(-half)];
  return shown.join(' → ');
}

/** One cycle for each strongly connected component that has one: the shortest through its first node. */
function cyclesOf(edges: readonly (readonly number[])[]): number[][] {
  const components = componentsOf(edges);
  const seen = new Set<number>();
  const cycles: number[][] = [];
  components.forEach((component, node) => {
    if (seen.has(component)) return;
    seen.add(component);
    const path = shortestCycle(edges, components, node);
    if (path !== undefined) cycles.push(path);
  });
  return cycles;
}

/** Breadth first from a node back to it, within its component. */
function shortestCycle(
  edges: readonly (readonly number[])[],
  components: readonly number[],
  start: number,
): number[] | undefined {
  const cameFrom = new Map<number, number>();
  const queue = [start];
  for (const node of queue) {
    for (const next of edges[node] ?? []) {
      if (next === start) return pathTo(node, cameFrom);
      if (components[next] !== components[start] || cameFrom.has(next)) continue;
      cameFrom.set(next, node);
      queue.push(next);
    }
  }
  return undefined;
}

function pathTo(node: number, cameFrom: ReadonlyMap<number, number>): number[] {
  const path = [node];
  for (let at = cameFrom.get(node); at !== undefined; at = cameFrom.get(at)) path.push(at);
  return path.reverse();
}

/**
 * The strongly connected component of each node. Source: R. Tarjan, "Depth-first search and linear graph algorithms",
 * SIAM J. Comput. 1 (1972); with a stack of its own in place of recursion.
 */
function componentsOf(edges: readonly (readonly number[])[]): number[] {
  const components = edges.map(() => -1);
  const found = edges.map(() => -1);
  const low = edges.map(() => -1);
  /** Of each node, how many of its edges have been followed. */
  const followed = edges.map(() => 0);
  const open: number[] = [];
  let foundCount = 0;
  let componentCount = 0;

  const visit = (root: number): void => {
    const path = [root];
    while (path.length > 0) {
      const node = path.at(-1) as number;
      if (found[node] === -1) {
        found[node] = low[node] = foundCount++;
        open.push(node);
      }
      const at = followed[node] as number;
      followed[node] = at + 1;
      const next = edges[node]?.[at];
      if (next !== undefined) {
        if (found[next] === -1) path.push(next);
        else if (components[next] === -1) low[node] = Math.min(low[node] as number, found[next] as number);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[node] as number);
      if (low[node] === found[node]) closeComponent(node);
    }
  };
  const closeComponent = (root: number): void => {
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      components[node] = componentCount;
      if (node === root) break;
    }
    componentCount++;
  };
  for (const node of edges.keys()) if (found[node] === -1) visit(node);
  return components;
}
