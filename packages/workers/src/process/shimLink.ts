import { type Clock, coreError, type Scope } from '@roundhouse/core';
import { type InstanceId, nameOf } from '../instance/id.ts';
import type { ProcessIdentity } from './contract.ts';
import { FifoReader, hasReader, tell } from './fifo.ts';
import type { InstanceDirectory, Listing } from './instanceDirectory.ts';
import { type LifeFact, parseLife } from './life.ts';
import type { Processes } from './processes.ts';
import type { Spawner } from './spawner.ts';

/** After this a command that was not answered is sent again: it may have gone with a shim or a spawner. */
export const ASK_AGAIN_MS = 1_000;

export interface Shim {
  readonly number: number;
  readonly process: ProcessIdentity;
}

export interface ShimLinkDependencies {
  readonly instance: InstanceId;
  readonly directory: InstanceDirectory;
  readonly processes: Processes;
  readonly spawner: Spawner;
  readonly onFact: (fact: Exclude<LifeFact, { kind: 'shim' }>) => void;
  /** All who had `life` open are gone: the shim, and no launch is on its way. */
  readonly onGone: () => void;
}

/** The line to the shim of an instance, whichever that is at the moment. */
export class ShimLink {
  readonly #deps: ShimLinkDependencies;
  readonly #wakers = new Set<() => void>();
  #life: FifoReader | undefined;
  #shim: Shim | undefined;
  #isClosed = false;

  constructor(deps: ShimLinkDependencies) {
    this.#deps = deps;
  }

  /** Undefined when there is none, or none that is known of. */
  get shim(): Shim | undefined {
    return this.#shim;
  }

  /** Takes up the line to a shim that lives. What it has said since anybody listened comes before this resolves. */
  async find({ hasFifos, shim: number }: Listing): Promise<void> {
    const { directory } = this.#deps;
    if (!hasFifos || !hasReader(directory.control)) return;
    const identity = await directory.readShim(number);
    if (identity !== undefined) this.#shim = { number, process: identity };
    this.#listen();
  }

  /** Has a shim started, unless there is one. */
  async raise(scope: Scope): Promise<Shim> {
    if (this.#shim !== undefined) return this.#shim;
    const leave = this.#deps.spawner.onRestart(() => this.#wake());
    try {
      return await this.#raise(scope);
    } finally {
      leave();
    }
  }

  async #raise(scope: Scope): Promise<Shim> {
    const { directory, instance, processes, spawner } = this.#deps;
    for (let isFirst = true; ; isFirst = false) {
      this.#listen();
      const { shim: latest } = await directory.list();
      const identity = latest === 0 ? undefined : await directory.readShim(latest);
      const isThere = latest > 0 && hasReader(directory.control);
      if (this.#shim !== undefined) return this.#shim;
      if (isThere && identity !== undefined && processes.isAlive(identity)) {
        this.#shim = { number: latest, process: identity };
        return this.#shim;
      }
      if (!isFirst && latest > 0 && identity === undefined && !isThere) {
        // It has claimed its number, and could not write who it is.
        throw Object.assign(new Error('No space left for a shim'), { code: 'ENOSPC' });
      }
      // The number of one that has been claimed and is no more is never used again.
      spawner.send(`shim ${nameOf(instance)} ${isThere ? latest : latest + 1}`);
      await this.change(scope, ASK_AGAIN_MS);
      if (this.#shim !== undefined) return this.#shim;
    }
  }

  /** Has the shim run the launch of a generation; false when it is gone. */
  go(generation: number): boolean {
    return this.#command('go', ` ${generation}`);
  }

  /** Ends the shim; nothing may run. */
  async release(scope: Scope): Promise<void> {
    while (this.#command('end', '')) await this.change(scope, ASK_AGAIN_MS);
    this.#deps.spawner.send('reap');
  }

  /** Resolves when something was heard, or after `ms`. */
  change(scope: Scope, ms: number): Promise<void> {
    scope.throwIfEnded();
    if (this.#isClosed) throw coreError('CANCELLED');
    return waitFor(scope, scope.clock, ms, this.#wakers);
  }

  close(): void {
    this.#isClosed = true;
    this.#life?.close();
    this.#life = undefined;
    this.#wake();
  }

  #command(verb: string, rest: string): boolean {
    if (this.#shim === undefined) return false;
    const isTold = tell(this.#deps.directory.control, `${verb} ${this.#shim.number}${rest}`);
    if (!isTold) this.#gone();
    return isTold;
  }

  #listen(): void {
    if (this.#isClosed) throw coreError('CANCELLED');
    this.#life ??= new FifoReader(
      this.#deps.directory.life,
      (line) => {
        const fact = parseLife(line);
        if (fact === undefined) return;
        if (fact.kind === 'shim') this.#announced(fact);
        else this.#deps.onFact(fact);
        this.#wake();
      },
      () => this.#gone(),
    );
  }

  #announced({ number, pid, startTime }: Extract<LifeFact, { kind: 'shim' }>): void {
    // What an earlier one has left in the FIFO says nothing.
    if (number < (this.#shim?.number ?? 0)) return;
    this.#shim = { number, process: { pid, startTime, bootId: this.#deps.processes.bootId } };
  }

  #gone(): void {
    this.#shim = undefined;
    this.#life?.close();
    this.#life = undefined;
    if (!this.#isClosed) this.#deps.onGone();
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#wakers) wake();
  }
}

function waitFor(scope: Scope, clock: Clock, ms: number, wakers: Set<() => void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      timer.cancel();
      leave();
      wakers.delete(finish);
      resolve();
    };
    const timer = clock.setTimer(ms, finish);
    const leave = scope.onEnd((reason) => {
      timer.cancel();
      wakers.delete(finish);
      reject(reason);
    });
    wakers.add(finish);
  });
}
