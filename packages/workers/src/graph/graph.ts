import type { DependencySpec, WorkerSpec } from '../spec/spec.ts';

/** What of a worker concerns the graph. */
export type DependentWorker = Pick<WorkerSpec, 'id' | 'dependencies'>;

/** A dependency, seen from the worker that others depend on. Nodes are numbers, in the order of the specifications. */
interface Dependant {
  readonly node: number;
  readonly cascade: DependencySpec['cascade'];
}

/**
 * Who depends on whom, as it stands when it is made. Dependencies on unknown workers and on itself hold nothing up.
 * Everything here takes time in proportion to workers and dependencies, and no stack: 100,000 in a row are fine.
 */
export class DependencyGraph {
  readonly #ids: readonly string[];
  readonly #nodes: ReadonlyMap<string, number>;
  readonly #dependants: readonly (readonly Dependant[])[];
  /** The wave of each node. */
  readonly #ranks: readonly number[];

  constructor(workers: readonly DependentWorker[]) {
    this.#ids = workers.map(({ id }) => id);
    this.#nodes = new Map(this.#ids.map((id, node) => [id, node]));
    const dependants: Dependant[][] = workers.map(() => []);
    const open = workers.map(() => 0);
    workers.forEach(({ dependencies }, node) => {
      for (const { worker, cascade } of dependencies) {
        const on = this.#nodes.get(worker);
        if (on === undefined || on === node) continue;
        dependants[on]?.push({ node, cascade });
        open[node] = (open[node] ?? 0) + 1;
      }
    });
    this.#dependants = dependants;
    this.#ranks = ranksOf(dependants, open);
  }

  /**
   * Ids in waves: what a worker depends on is in an earlier one. A cycle, and what it holds up, come together in the last.
   */
  startWaves(): string[][] {
    const waves: string[][] = [];
    this.#ranks.forEach((rank, node) => {
      const wave = waves[rank];
      if (wave === undefined) waves[rank] = [this.#idOf(node)];
      else wave.push(this.#idOf(node));
    });
    return waves.filter((wave) => wave.length > 0);
  }

  /** The same the other way round: a worker goes before what it depends on. */
  stopWaves(): string[][] {
    return this.startWaves().reverse();
  }

  /** All that depend on a worker, directly or not, it left out; those that nothing depends on first. */
  dependantsOf(id: string): string[] {
    return this.#reach(id, () => true).map((node) => this.#idOf(node));
  }

  /**
   * What follows for others when a worker goes down, by the `cascade` of their dependencies, on and on: those that are to
   * go first come first. A worker that is to stop for one and to restart for another stops.
   */
  cascadeOf(id: string): ReadonlyMap<string, 'stop' | 'restart'> {
    const down = this.#reach(id, ({ cascade }) => cascade !== 'none');
    const stopped = new Set<number>();
    for (const from of [...down, ...this.#known(id)]) {
      for (const { node, cascade } of this.#dependants[from] ?? []) if (cascade === 'stop') stopped.add(node);
    }
    return new Map(down.map((node) => [this.#idOf(node), stopped.has(node) ? 'stop' : 'restart']));
  }

  /** Nodes that are reached from a worker by the dependencies that count, it left out; highest rank first. */
  #reach(id: string, counts: (dependant: Dependant) => boolean): number[] {
    const reached = new Set<number>(this.#known(id));
    // A set gives what is added while it is gone through.
    for (const from of reached) {
      for (const dependant of this.#dependants[from] ?? []) if (counts(dependant)) reached.add(dependant.node);
    }
    for (const node of this.#known(id)) reached.delete(node);
    return [...reached].sort((a, b) => this.#rankOf(b) - this.#rankOf(a) || a - b);
  }

  #known(id: string): number[] {
    const node = this.#nodes.get(id);
    return node === undefined ? [] : [node];
  }

  #idOf(node: number): string {
    return this.#ids[node] as string;
  }

  #rankOf(node: number): number {
    return this.#ranks[node] as number;
  }
}

/** Kahn's algorithm: a node is as high as the highest that it depends on, and one more. `open` is used up. */
function ranksOf(dependants: readonly (readonly Dependant[])[], open: number[]): number[] {
  const ranks = open.map(() => 0);
  const free = [...open.keys()].filter((node) => open[node] === 0);
  let highest = -1;
  for (const node of free) {
    const rank = ranks[node] ?? 0;
    highest = Math.max(highest, rank);
    for (const { node: next } of dependants[node] ?? []) {
      ranks[next] = Math.max(ranks[next] ?? 0, rank + 1);
      open[next] = (open[next] ?? 0) - 1;
      if (open[next] === 0) free.push(next);
    }
  }
  return ranks.map((rank, node) => (open[node] === 0 ? rank : highest + 1));
}
