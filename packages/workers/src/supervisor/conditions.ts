import type { Scope } from '@roundhouse/core';
import { blockersOf } from '../graph/blockers.ts';
import type { InstanceState } from '../instance/state.ts';
import type { DependencySpec } from '../spec/spec.ts';

/** Waits for what workers depend on. Only those that a move may concern are looked at. */
export class Conditions {
  readonly #statesOf: (worker: string) => readonly InstanceState[];
  readonly #checks = new Map<string, Set<() => void>>();

  constructor(statesOf: (worker: string) => readonly InstanceState[]) {
    this.#statesOf = statesOf;
  }

  /** Workers that it waits for. */
  blockers(dependencies: readonly DependencySpec[]): string[] {
    return blockersOf(dependencies, this.#statesOf);
  }

  /** Something of the worker has changed: its state, or what it depends on. */
  changed(worker: string): void {
    for (const check of Array.from(this.#checks.get(worker) ?? [])) check();
  }

  /** Resolves when all dependencies hold; they are asked for again whenever `worker` has changed. */
  met(worker: string, dependenciesOf: () => readonly DependencySpec[], scope: Scope): Promise<void> {
    return new Promise((resolve, reject) => {
      scope.throwIfEnded();
      let watched: readonly string[] = [];
      const check = (): void => {
        const blockers = this.blockers(dependenciesOf());
        leave();
        if (blockers.length === 0) {
          leaveScope();
          resolve();
        } else {
          watched = [...blockers, worker];
          for (const each of watched) this.#checksOf(each).add(check);
        }
      };
      const leave = (): void => {
        for (const each of watched) {
          const checks = this.#checks.get(each);
          checks?.delete(check);
          if (checks?.size === 0) this.#checks.delete(each);
        }
        watched = [];
      };
      const leaveScope = scope.onEnd((reason) => {
        leave();
        reject(reason);
      });
      check();
    });
  }

  #checksOf(worker: string): Set<() => void> {
    let checks = this.#checks.get(worker);
    if (checks === undefined) {
      checks = new Set();
      this.#checks.set(worker, checks);
    }
    return checks;
  }
}
