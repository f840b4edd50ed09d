import { existsSync } from 'node:fs';
import { type Clock, coreError, type Scope } from '@roundhouse/core';
import { workerError } from '../errors.ts';
import { type InstanceId, nameOf } from '../instance/id.ts';
import type { ProcessIdentity } from './contract.ts';
import { FifoReader, hasReader, tell } from './fifo.ts';
import type { InstanceDirectory, Listing, ShimClaim } from './instanceDirectory.ts';
import { type LifeFact, parseLife } from './life.ts';
import type { Processes } from './processes.ts';
import { PERL, type SocketSet } from './socketSet.ts';
import type { Spawner } from './spawner.ts';

/** After this a command that was not answered is sent again: it may have gone with a shim or a spawner. */
export const ASK_AGAIN_MS = 1_000;
/** How often the end of a shim is looked for, ms. */
const ENDING_MS = 1;

export interface Shim {
  readonly number: number;
  readonly process: ProcessIdentity;
  /** Key of the listening sockets that it holds; undefined for none. */
  readonly sockets: string | undefined;
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
  async find({ missing, shim: number }: Listing): Promise<void> {
    const { directory } = this.#deps;
    if (missing.length > 0 || !hasReader(directory.control)) return;
    this.#shim = shimOf(number, await directory.readShim(number));
    this.#listen();
  }

  /**
   * Has a shim started that holds these sockets, and no others, unless there is one; nothing may run. `before`: what is
   * there, where it has just been read. Raises WORKER_START_FAILED where one of them cannot listen.
   */
  async raise(sockets: SocketSet | undefined, before: Listing | undefined, scope: Scope): Promise<Shim> {
    const present = this.#having(sockets?.key);
    if (present !== undefined) return present;
    const { directory, spawner } = this.#deps;
    const leave = spawner.onRestart(() => this.#wake());
    try {
      if (sockets !== undefined) {
        if (!existsSync(PERL)) throw this.#refused(`${PERL} is not there to make its sockets`);
        await directory.writeSockets(sockets);
      }
      return await this.#raise(sockets?.key, before, scope);
    } finally {
      leave();
      if (sockets !== undefined) await directory.forgetSockets(sockets).catch(() => {});
    }
  }

  async #raise(key: string | undefined, before: Listing | undefined, scope: Scope): Promise<Shim> {
    const { directory, instance, processes, spawner } = this.#deps;
    let listing = before;
    for (let asked = 0; ; listing = undefined) {
      this.#listen();
      const { shim: latest } = listing ?? (await directory.list());
      const claim = latest === 0 ? undefined : await directory.readShim(latest);
      // One that was refused its sockets is ending, or has.
      const isThere = latest > 0 && claim?.refusal === undefined && hasReader(directory.control);
      if (isThere && claim !== undefined && processes.isAlive(claim.process)) this.#shim ??= shimOf(latest, claim);
      const found = this.#having(key);
      if (found !== undefined) return found;
      if (this.#shim !== undefined) {
        // It holds addresses that the next may need.
        await this.release(scope);
        continue;
      }
      if (asked > 0 && asked === latest && claim?.refusal !== undefined) throw this.#refused(claim.refusal);
      if (asked > 0 && latest > 0 && claim === undefined && !isThere) {
        // It has claimed its number, and could not write who it is.
        throw Object.assign(new Error('No space left for a shim'), { code: 'ENOSPC' });
      }
      // The number of one that has been claimed and is no more is never used again.
      asked = isThere ? latest : latest + 1;
      spawner.send(`shim ${nameOf(instance)} ${asked}${key === undefined ? '' : ` ${key}`}`);
      await this.change(scope, ASK_AGAIN_MS);
      const raised = this.#having(key);
      if (raised !== undefined) return raised;
    }
  }

  /** The shim, if it holds these sockets. */
  #having(key: string | undefined): Shim | undefined {
    return this.#shim?.sockets === key ? this.#shim : undefined;
  }

  #refused(reason: string): Error {
    return workerError('WORKER_START_FAILED', {
      details: { worker: this.#deps.instance.worker, stage: 'socket', reason },
    });
  }

  /** Has the shim run the launch of a generation; false when it is gone. */
  go(generation: number): boolean {
    return this.#command('go', ` ${generation}`);
  }

  /** Ends the shim; nothing may run. */
  async release(scope: Scope): Promise<void> {
    const { processes, spawner } = this.#deps;
    const present = this.#shim;
    while (this.#command('end', '')) await this.change(scope, ASK_AGAIN_MS);
    // It lets go of its FIFOs a moment before it has ended, and only then its entry can be given up.
    while (present !== undefined && processes.isAlive(present.process)) await scope.sleep(ENDING_MS);
    spawner.send('reap');
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

  #announced({ number, pid, startTime, sockets }: Extract<LifeFact, { kind: 'shim' }>): void {
    // What an earlier one has left in the FIFO says nothing.
    if (number < (this.#shim?.number ?? 0)) return;
    this.#shim = { number, process: { pid, startTime, bootId: this.#deps.processes.bootId }, sockets };
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

function shimOf(number: number, claim: ShimClaim | undefined): Shim | undefined {
  if (claim === undefined || claim.refusal !== undefined) return undefined;
  return { number, process: claim.process, sockets: claim.sockets };
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
