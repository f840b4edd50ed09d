import type { Sample } from './contract.ts';
import type { GroupUsage, IoUsage } from './groups.ts';

/** What a run has used until now, as far as it was read. */
export interface Reading {
  /** Monotonic, ms. */
  readonly at: number;
  /** Sum over the processes that are there. */
  readonly cpuTimeMs: number;
  /** Sum over the processes that are there; null: not read. */
  readonly io: IoUsage | null;
  readonly group: GroupUsage | undefined;
}

/** Totals of a run since its start, and what of them came last. */
export interface Totals {
  readonly cpuTimeMs: number;
  readonly cpuPercent: number | null;
  readonly io: IoUsage | null;
  /** A second; null where there is nothing to compare with. */
  readonly ioRates: IoUsage | null;
}

const IO_FIELDS = ['readBytes', 'writeBytes', 'readOps', 'writeOps'] as const satisfies readonly (keyof IoUsage &
  keyof Sample)[];

/**
 * Turns sums over processes that come and go, and counters of groups that outlive their runs, into totals of one run
 * that only grow. A process that ends takes its part of the sum with it, unless its parent is in the tree and waits for
 * it: then it is part of that one's; so the totals are what was used at least.
 */
export class Meter {
  /** Of one core. */
  readonly #maxPercent: number;
  #last: { readonly reading: Reading; readonly totals: Totals } | undefined;

  constructor(cores: number) {
    this.#maxPercent = cores * 100;
  }

  /** With `isKept`, the next one is compared with this. */
  read(reading: Reading, isKept: boolean): Totals {
    const last = this.#last;
    const elapsedMs = last === undefined ? 0 : reading.at - last.reading.at;
    const cpuTimeMs = last === undefined ? reading.cpuTimeMs : last.totals.cpuTimeMs + cpuGrown(reading, last.reading);
    const io = this.#io(reading);
    const lastIo = last?.totals.io ?? null;
    const totals = {
      cpuTimeMs,
      cpuPercent:
        last === undefined || elapsedMs <= 0
          ? null
          : Math.min(((cpuTimeMs - last.totals.cpuTimeMs) / elapsedMs) * 100, this.#maxPercent),
      io,
      ioRates:
        io === null || lastIo === null || elapsedMs <= 0
          ? null
          : eachField((field) => ((io[field] - lastIo[field]) / elapsedMs) * 1_000),
    };
    if (isKept) this.#last = { reading, totals };
    return totals;
  }

  #io(reading: Reading): IoUsage | null {
    const total = this.#last?.totals.io ?? null;
    const before = this.#last?.reading;
    // What the group counted before the first reading belongs to earlier runs.
    if (total === null || before === undefined) return reading.io;
    const inGroup = [reading.group?.io, before.group?.io] as const;
    const [now, then] = inGroup[0] && inGroup[1] ? inGroup : [reading.io, before.io];
    if (!now || !then) return total;
    return eachField((field) => total[field] + grown(now[field], then[field]));
  }
}

/** By the counter of the group, when there was one both times. */
function cpuGrown(now: Reading, before: Reading): number {
  const inGroup = [now.group?.cpuTimeMs, before.group?.cpuTimeMs] as const;
  return typeof inGroup[0] === 'number' && typeof inGroup[1] === 'number'
    ? grown(inGroup[0], inGroup[1])
    : grown(now.cpuTimeMs, before.cpuTimeMs);
}

function grown(now: number, before: number): number {
  return Math.max(now - before, 0);
}

function eachField(valueOf: (field: keyof IoUsage) => number): IoUsage {
  const [readBytes = 0, writeBytes = 0, readOps = 0, writeOps = 0] = IO_FIELDS.map(valueOf);
  return { readBytes, writeBytes, readOps, writeOps };
}
