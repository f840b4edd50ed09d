import { type Clock, Emitter, isRoundhouseError, type Logger, type Scope, type Unsubscribe } from '@roundhouse/core';
import type { AuditJournal } from '../journal/contract.ts';
import type { AuditRecord } from '../record/entry.ts';
import { type IndexBackend, IndexFailure } from './backend.ts';

export interface IndexerDependencies {
  readonly journal: Pick<AuditJournal, 'read' | 'onAppended' | 'segments' | 'status'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly backend: Pick<IndexBackend, 'open' | 'reset' | 'add'>;
  /** Everything ends with it. */
  readonly scope: Scope;
  readonly delayMs: number;
  readonly firstDelayMs: number;
}

/** Records taken in at a time. */
const BATCH = 2_000;
/** Records that are kept for the index as they are appended; beyond, they are read from the journal again. */
const MAX_RECENT = 4_000;
/** Waits before the next attempt after a failure: doubled each time. */
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;

/** Records by which the index is behind for a moment, not because it is being built. */
export const NEARLY = 10_000;

/** Brings what the journal has into the file, in order, and goes on for as long as its scope. */
export class Indexer {
  readonly #deps: IndexerDependencies;
  readonly #facts = new Emitter<{ advanced: undefined; wanted: undefined }>();
  readonly #stop: Unsubscribe;
  #next = 0;
  #bytes = 0;
  #skipped = 0;
  #recent: AuditRecord[] = [];
  #behindSince: number | undefined;
  #failure: string | undefined;
  #isOpen = false;
  #isResetWanted = false;
  #isHurried = false;
  readonly #tasks: Array<() => Promise<void>> = [];

  constructor(deps: IndexerDependencies) {
    this.#deps = deps;
    this.#stop = deps.journal.onAppended((records) => this.#take(records));
  }

  get next(): number {
    return this.#next;
  }

  get journalNext(): number {
    return this.#deps.journal.status().next_seq;
  }

  get behind(): number {
    return Math.max(0, this.journalNext - this.#next);
  }

  get isCurrent(): boolean {
    return this.#isOpen && this.behind === 0;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get skipped(): number {
    return this.#skipped;
  }

  get failure(): string | undefined {
    return this.#failure;
  }

  get lagMs(): number {
    return this.#behindSince === undefined ? 0 : this.#deps.clock.monotonic() - this.#behindSince;
  }

  /** Goes on until the scope ends. */
  async run(): Promise<void> {
    const { scope, log, clock, firstDelayMs } = this.#deps;
    let retryMs = FIRST_RETRY_MS;
    try {
      await this.#pause(firstDelayMs);
      for (;;) {
        try {
          await this.#step();
          retryMs = FIRST_RETRY_MS;
          this.#failure = undefined;
        } catch (error) {
          scope.throwIfEnded();
          this.#behindSince ??= clock.monotonic();
          this.#isOpen = false;
          if (error instanceof IndexFailure && error.isCorrupt) this.#isResetWanted = true;
          // Once a failure, however many attempts it takes.
          if (this.#failure === undefined) log.warn('the index of the audit cannot go on', { reason: reasonOf(error) });
          this.#failure = reasonOf(error);
          this.#facts.emit('advanced', undefined);
          await scope.sleep(retryMs);
          retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
        }
      }
    } catch (error) {
      if (!scope.signal.aborted) throw error;
    } finally {
      this.#stop();
    }
  }

  /** Resolves when there is a file, or none could be made. */
  async ready(scope: Scope): Promise<void> {
    while (!this.#isOpen && this.#failure === undefined) {
      this.#hurry();
      await this.advance(scope);
    }
  }

  /** Resolves when the file has the records before `seq`; at once when it will not soon. */
  async reach(seq: number, scope: Scope): Promise<void> {
    while (this.#next < seq && this.#failure === undefined) {
      this.#hurry();
      await this.advance(scope);
    }
  }

  /** Resolves when something has been taken in, or could not be. */
  async advance(scope: Scope): Promise<void> {
    let stop: Unsubscribe = () => {};
    const advanced = new Promise<void>((resolve) => {
      stop = this.#facts.on('advanced', () => resolve());
    });
    try {
      await scope.race(advanced);
    } finally {
      stop();
    }
  }

  /** The file is removed before anything else is taken in. */
  reset(): void {
    this.#isResetWanted = true;
    this.#next = 0;
    this.#facts.emit('wanted', undefined);
  }

  /** Does something with the file between two batches. */
  between(work: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#tasks.push(() => work().then(resolve, reject));
      this.#facts.emit('wanted', undefined);
    });
  }

  #hurry(): void {
    this.#isHurried = true;
    this.#facts.emit('wanted', undefined);
  }

  #take(records: readonly AuditRecord[]): void {
    this.#behindSince ??= this.#deps.clock.monotonic();
    if (this.#recent.length + records.length > MAX_RECENT) this.#recent = [];
    this.#recent.push(...records);
    this.#facts.emit('wanted', undefined);
  }

  async #step(): Promise<void> {
    if (!this.#isOpen && !this.#isResetWanted) await this.#open();
    if (this.#isResetWanted) await this.#remove();
    for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) await task();
    if (this.#next >= this.journalNext) {
      this.#behindSince = undefined;
      this.#isHurried = false;
      await this.#wait();
      return;
    }
    const { records, next } = this.#takeRecent() ?? (await this.#read());
    this.#bytes = await this.#deps.backend.add(
      records.map((record) => JSON.stringify(record)),
      next,
    );
    // A reset that was asked for meanwhile begins at the beginning.
    if (this.#isResetWanted) return;
    this.#next = next;
    this.#facts.emit('advanced', undefined);
  }

  /** Until there is something to do, and a moment longer for more of it unless somebody waits. */
  async #wait(): Promise<void> {
    const { scope, delayMs } = this.#deps;
    const hasWork = (): boolean =>
      this.#next < this.journalNext || this.#tasks.length > 0 || this.#isResetWanted || this.#isHurried;
    while (!hasWork()) await this.#wanted(scope);
    await this.#pause(delayMs);
  }

  /** So long, unless somebody waits. */
  async #pause(ms: number): Promise<void> {
    const { scope } = this.#deps;
    const isAwaited = (): boolean => this.#isHurried || this.#tasks.length > 0 || this.#isResetWanted;
    if (ms === 0 || isAwaited()) return;
    using pause = scope.child();
    const stop = this.#facts.on('wanted', () => {
      if (isAwaited()) pause.end();
    });
    await pause.sleep(ms).catch(() => {});
    stop();
    scope.throwIfEnded();
  }

  async #wanted(scope: Scope): Promise<void> {
    let stop: Unsubscribe = () => {};
    const wanted = new Promise<void>((resolve) => {
      stop = this.#facts.on('wanted', () => resolve());
    });
    await scope.race(wanted).finally(() => stop());
  }

  async #open(): Promise<void> {
    const { backend, log } = this.#deps;
    const { nextSeq, last, bytes } = await backend.open();
    this.#bytes = bytes;
    this.#next = nextSeq;
    if (nextSeq > this.journalNext || !(await this.#isOfJournal(last))) {
      log.warn('the index of the audit is made anew: it is of other records than the journal');
      this.#isResetWanted = true;
    } else this.#begun();
  }

  #begun(): void {
    this.#isOpen = true;
    this.#failure = undefined;
    this.#facts.emit('advanced', undefined);
  }

  async #remove(): Promise<void> {
    this.#isOpen = false;
    this.#isResetWanted = false;
    const { bytes } = await this.#deps.backend.reset();
    this.#bytes = bytes;
    this.#next = 0;
    this.#recent = [];
    this.#begun();
  }

  /** Whether the last record of the file is the one that the journal has there, as far as it can still be read. */
  async #isOfJournal(last: { readonly seq: number; readonly id: string } | undefined): Promise<boolean> {
    const { journal, scope } = this.#deps;
    if (last === undefined || last.seq < journal.status().first_seq) return true;
    try {
      for await (const { id } of journal.read({ from: last.seq, to: last.seq + 1 }, scope)) return id === last.id;
    } catch (error) {
      if (!isRoundhouseError(error) || error.code !== 'AUDIT_ERASED') throw error;
    }
    return true;
  }

  /** The next records, when they are among those that were appended of late. */
  #takeRecent(): { records: readonly AuditRecord[]; next: number } | undefined {
    const at = this.#recent.findIndex(({ seq }) => seq >= this.#next);
    this.#recent = at < 0 ? [] : this.#recent.slice(at);
    if (this.#recent[0]?.seq !== this.#next) return undefined;
    const gap = this.#recent.findIndex(({ seq }, index) => seq !== this.#next + index);
    const records = this.#recent.slice(0, Math.min(BATCH, gap < 0 ? BATCH : gap));
    this.#recent = this.#recent.slice(records.length);
    return { records, next: this.#next + records.length };
  }

  async #read(): Promise<{ records: readonly AuditRecord[]; next: number }> {
    const { journal, scope } = this.#deps;
    const { first_seq: first, next_seq: end } = journal.status();
    const from = Math.max(first, this.#next);
    const to = Math.min(end, from + BATCH);
    const records: AuditRecord[] = [];
    try {
      for await (const record of journal.read({ from, to, erased: 'skip' }, scope)) records.push(record);
      return { records, next: to };
    } catch (error) {
      if (!isRoundhouseError(error)) throw error;
      if (error.code === 'AUDIT_PRUNED') return { records: [], next: from };
      if (error.code === 'AUDIT_DAMAGED')
        return { records, next: this.#behindDamage(error.details['segment'], records, from) };
      throw error;
    }
  }

  /** Where the records behind a damaged segment begin. What is before them is not found, and is said to be so. */
  #behindDamage(segment: unknown, records: readonly AuditRecord[], from: number): number {
    const { journal, log } = this.#deps;
    const segments = journal.segments();
    const at = segments.findIndex((each) => each.segment === segment);
    const next = segments[at + 1]?.first_seq ?? journal.status().next_seq;
    const skipped = next - ((records.at(-1)?.seq ?? from - 1) + 1);
    this.#skipped += skipped;
    log.error('records of the audit cannot be read, and are not in its index', { segment, records: skipped });
    return next;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
