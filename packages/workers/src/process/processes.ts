import { type Clock } from '@roundhouse/core';
import { type KernelFiles, readIfThere } from '../limits/kernelFiles.ts';
import { type KernelUnits, parseStat, readUnits } from '../limits/processes.ts';
import type { Signal } from '../spec/spec.ts';
import type { ProcessIdentity } from './contract.ts';
import { signalResponse, type SignalResponse } from './signalResponse.ts';

/** A process as a sweep sees it. */
export interface Swept {
  readonly pid: number;
  readonly session: number;
  /** Its `ROUNDHOUSE_RUN`, which children inherit; undefined where it has none, or it may not be read. */
  readonly token: string | undefined;
}

/** What a tree is told by, where no control group holds it. */
export interface TreeMark {
  /** It leads a session of its own. */
  readonly leader: ProcessIdentity;
  readonly token: string;
}

/** Processes that are read at a time: the loop is not held up by a thousand of them. */
const SWEEP_SLICE = 128;

/** The processes of this machine, told apart by more than their number. */
export class Processes {
  readonly bootId: string;
  readonly #files: KernelFiles;
  readonly #clock: Clock;
  readonly #units: KernelUnits;
  #nextSweep: Promise<readonly Swept[]> | undefined;
  #sweep: Promise<unknown> = Promise.resolve();

  constructor(files: KernelFiles, clock: Clock) {
    this.#files = files;
    this.#clock = clock;
    this.#units = readUnits(files);
    this.bootId = (readIfThere(files, '/proc/sys/kernel/random/boot_id') ?? '').trim();
  }

  /** Undefined when there is none of this number, or it is dead and not yet waited for. */
  identify(pid: number): ProcessIdentity | undefined {
    const stat = this.#stat(pid);
    return stat && { pid, startTime: stat.startTime, bootId: this.bootId };
  }

  /** False for a zombie, for another process with its number, and for one of an earlier boot. */
  isAlive({ pid, startTime, bootId }: ProcessIdentity): boolean {
    return bootId === this.bootId && this.#stat(pid)?.startTime === startTime;
  }

  /** Wall clock, ms; as exact as the kernel's tick. */
  startedAt({ startTime }: ProcessIdentity): number {
    const uptimeMs = Number.parseFloat(readIfThere(this.#files, '/proc/uptime') ?? '0') * 1_000;
    return Math.round(this.#clock.now() - uptimeMs + (startTime * 1_000) / this.#units.ticksPerSecond);
  }

  /** Arguments with a NUL after each; empty for a zombie, undefined when it is gone. */
  commandLine(pid: number): string | undefined {
    return readIfThere(this.#files, `/proc/${pid}/cmdline`);
  }

  /** Undefined where that cannot be known. */
  responseTo(pid: number, signal: Signal): SignalResponse | undefined {
    return signalResponse(readIfThere(this.#files, `/proc/${pid}/status`) ?? '', signal);
  }

  /** Pids of a tree: its session, and all that carry its token. */
  async treeOf(mark: TreeMark): Promise<readonly number[]> {
    if (mark.leader.bootId !== this.bootId) return [];
    const swept = await this.#sweepOnce();
    const holder = this.#stat(mark.leader.pid);
    // A number that names a session is not given away while anybody is in it.
    const isSessionOurs = holder === undefined || holder.startTime === mark.leader.startTime;
    const isOurs = ({ session, token }: Swept): boolean =>
      token === mark.token || (isSessionOurs && session === mark.leader.pid);
    return swept.filter(isOurs).map(({ pid }) => pid);
  }

  #stat(pid: number): ReturnType<typeof parseStat> {
    const text = readIfThere(this.#files, `/proc/${pid}/stat`);
    return text === undefined ? undefined : parseStat(text, this.#units);
  }

  /** Callers that ask before a sweep begins share it: stopping many workers at once costs a few sweeps, not one each. */
  #sweepOnce(): Promise<readonly Swept[]> {
    this.#nextSweep ??= this.#sweep.then(() => {
      this.#nextSweep = undefined;
      const sweep = this.#readAll();
      this.#sweep = sweep;
      return sweep;
    });
    return this.#nextSweep;
  }

  async #readAll(): Promise<readonly Swept[]> {
    const swept: Swept[] = [];
    const names = this.#files.list('/proc').filter((name) => /^\d+$/.test(name));
    for (const [index, name] of names.entries()) {
      if (index % SWEEP_SLICE === SWEEP_SLICE - 1) await new Promise<void>((resolve) => setImmediate(resolve));
      const stat = this.#stat(Number(name));
      if (stat === undefined) continue;
      swept.push({ pid: stat.pid, session: stat.session, token: this.#tokenOf(name) });
    }
    return swept;
  }

  #tokenOf(pid: string): string | undefined {
    const environment = readIfThere(this.#files, `/proc/${pid}/environ`);
    return environment === undefined ? undefined : /(?:^|\0)ROUNDHOUSE_RUN=([^\0]*)/.exec(environment)?.[1];
  }
}

/** Sends a signal; false when there is no such process any more, or it belongs to somebody else. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
