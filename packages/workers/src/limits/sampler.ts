import { type Clock, reportUncaught, type Timer, type Unsubscribe } from '@roundhouse/core';
import { ConnectionTable } from './descriptors.ts';
import { type KernelFiles, readIfThere } from './kernelFiles.ts';
import { type KernelUnits, ProcessTable } from './processes.ts';

/** What all instances that are sampled together share. */
export interface Tick {
  readonly processes: ProcessTable;
  readonly connections: ConnectionTable;
  /** Whether this machine swaps at all. */
  readonly hasSwap: boolean;
}

export type TakeSample = (tick: Tick) => void;

/** Instances that are sampled before other work has its turn: a millisecond or two. */
const SLICE = 25;
/** When the first sample of an instance is taken, ms after the last of those that come together: all of them share it. */
const FIRST_AFTER_MS = 1_000;

/** Samples all instances of one interval together, so that what is dear is read once for all of them. */
export class Sampler {
  readonly #clock: Clock;
  readonly #files: KernelFiles;
  readonly #units: KernelUnits;
  readonly #rounds = new Map<number, Round>();

  constructor(clock: Clock, files: KernelFiles, units: KernelUnits) {
    this.#clock = clock;
    this.#files = files;
    this.#units = units;
  }

  newTick(): Tick {
    return {
      processes: new ProcessTable(this.#files, this.#units),
      connections: new ConnectionTable(this.#files),
      // One line of titles, and one for each swap space.
      hasSwap: (readIfThere(this.#files, '/proc/swaps') ?? '').trim().includes('\n'),
    };
  }

  /** Calls back every so often, and once before, soon. */
  add(intervalMs: number, take: TakeSample): Unsubscribe {
    let round = this.#rounds.get(intervalMs);
    if (round === undefined) {
      round = new Round(this.#clock, intervalMs, () => this.newTick());
      this.#rounds.set(intervalMs, round);
    }
    const entry = round;
    const leave = entry.add(take);
    return () => {
      leave();
      if (entry.isEmpty && this.#rounds.get(intervalMs) === entry) this.#rounds.delete(intervalMs);
    };
  }
}

interface Member {
  readonly take: TakeSample;
}

/** The instances of one interval. */
class Round {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #newTick: () => Tick;
  readonly #members = new Set<Member>();
  readonly #newcomers = new Set<Member>();
  /** Those whose turn it is. */
  #pending: readonly Member[] = [];
  /** When the last of the newcomers came, monotonic ms. */
  #cameAt = -Infinity;
  #timer: Timer | undefined;
  #firstTimer: Timer | undefined;
  #sliceTimer: Timer | undefined;

  constructor(clock: Clock, intervalMs: number, newTick: () => Tick) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#newTick = newTick;
  }

  get isEmpty(): boolean {
    return this.#members.size === 0;
  }

  add(take: TakeSample): Unsubscribe {
    const member = { take };
    this.#members.add(member);
    this.#timer ??= this.#clock.setTimer(this.#intervalMs, () => this.#onDue());
    if (this.#intervalMs > FIRST_AFTER_MS) {
      this.#newcomers.add(member);
      this.#cameAt = this.#clock.monotonic();
      this.#firstTimer ??= this.#clock.setTimer(FIRST_AFTER_MS, () => this.#onFirst());
    }
    return () => this.#remove(member);
  }

  #remove(member: Member): void {
    this.#members.delete(member);
    this.#newcomers.delete(member);
    if (!this.isEmpty) return;
    for (const timer of [this.#timer, this.#firstTimer, this.#sliceTimer]) timer?.cancel();
    this.#timer = undefined;
    this.#firstTimer = undefined;
    this.#pending = [];
  }

  #onDue(): void {
    this.#timer = this.#clock.setTimer(this.#intervalMs, () => this.#onDue());
    this.#newcomers.clear();
    this.#sample(this.#members);
  }

  #onFirst(): void {
    // Those that keep coming put it off: until all are due, at most.
    const restMs = this.#cameAt + FIRST_AFTER_MS - this.#clock.monotonic();
    this.#firstTimer = restMs > 0 ? this.#clock.setTimer(restMs, () => this.#onFirst()) : undefined;
    if (restMs > 0) return;
    const newcomers = [...this.#newcomers];
    this.#newcomers.clear();
    this.#sample(newcomers);
  }

  /** What is left of the round before is part of this one. */
  #sample(members: Iterable<Member>): void {
    this.#pending = [...new Set([...this.#pending, ...members])];
    this.#sliceTimer?.cancel();
    this.#sampleSlice(this.#newTick());
  }

  #sampleSlice(tick: Tick): void {
    const slice = this.#pending.slice(0, SLICE);
    this.#pending = this.#pending.slice(SLICE);
    this.#sliceTimer = this.#pending.length === 0 ? undefined : this.#clock.setTimer(0, () => this.#sampleSlice(tick));
    for (const member of slice) {
      if (!this.#members.has(member)) continue;
      try {
        member.take(tick);
      } catch (error) {
        reportUncaught(error);
      }
    }
  }
}
