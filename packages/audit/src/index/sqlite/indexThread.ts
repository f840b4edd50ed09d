import { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '@roundhouse/core';
import { type Found, IndexFailure, type OpenedIndex } from '../backend.ts';
import type { Find } from '../terms.ts';
import type { Answer, Task, ThreadData } from './calls.ts';

interface Waiting {
  /** Who was asked. */
  readonly worker: Worker;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A thread takes 10 MB: one that was not asked for anything for so long ends. */
const REST_MS = 15_000;

/**
 * A thread with the file of an index, begun by the first call; one that has died, or rests, is begun again by the next.
 */
export class IndexThread {
  readonly #data: ThreadData;
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #calls = 0;
  #resting: Timer | undefined;
  /** Number behind the last record that was put in; undefined before the file was opened. */
  #nextSeq: number | undefined;
  #hasRested = false;

  constructor(data: ThreadData, clock: Clock) {
    this.#data = data;
    this.#clock = clock;
  }

  open(): Promise<OpenedIndex> {
    return this.#opened('open');
  }

  /** Removes the file and begins a new one. */
  reset(): Promise<OpenedIndex> {
    return this.#opened('reset');
  }

  /** Gives the size of the file. */
  async add(records: readonly string[], nextSeq: number): Promise<number> {
    const bytes = await this.#call<number>({ what: 'add', records, nextSeq });
    this.#nextSeq = nextSeq;
    return bytes;
  }

  find(find: Find, isWhole: boolean): Promise<Found> {
    return this.#call({ what: 'find', find, isWhole });
  }

  forget(from: number, to: number): Promise<boolean> {
    return this.#call({ what: 'forget', from, to });
  }

  purge(isFirst: boolean): Promise<boolean> {
    return this.#call({ what: 'purge', isFirst });
  }

  /** Closes the file and ends the thread, when what it was asked before is answered. Idempotent. */
  async close(): Promise<void> {
    this.#resting?.cancel();
    const worker = this.#worker;
    if (worker !== undefined) await this.#end(worker);
  }

  async #opened(what: 'open' | 'reset'): Promise<OpenedIndex> {
    const opened = await this.#call<OpenedIndex>({ what });
    this.#nextSeq = opened.nextSeq;
    return opened;
  }

  #rest(): void {
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#hasRested = true;
    void this.#end(worker);
  }

  /** Whoever calls meanwhile begins another. */
  async #end(worker: Worker): Promise<void> {
    this.#worker = undefined;
    await this.#ask(worker, { what: 'close' }).catch(() => {});
    await worker.terminate();
  }

  #call<T>(task: Task): Promise<T> {
    this.#resting?.cancel();
    return this.#ask((this.#worker ??= this.#begin()), task);
  }

  #ask<T>(worker: Worker, task: Task): Promise<T> {
    const id = ++this.#calls;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { worker, resolve: resolve as (value: unknown) => void, reject });
      // Only an answer that somebody waits for keeps the process alive.
      worker.ref();
      worker.postMessage({ ...task, id });
    });
  }

  #begin(): Worker {
    const isSource = import.meta.url.endsWith('.ts');
    // In full: a bundle puts its own program in the place of the one that is built.
    const program = isSource ? new URL('./thread.ts', import.meta.url) : new URL('./thread.js', import.meta.url);
    const worker = new Worker(program, {
      workerData: { ...this.#data, ...(this.#hasRested && { resumesAt: this.#nextSeq }) },
      name: `audit index ${this.#data.role}`,
      execArgv: isSource ? ['--conditions=source'] : [],
    });
    worker.on('message', (answer: Answer) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (!this.#isAsked(worker)) {
        worker.unref();
        if (this.#worker === worker) {
          this.#resting?.cancel();
          this.#resting = this.#clock.setTimer(REST_MS, () => this.#rest());
        }
      }
      if ('failure' in answer) waiting?.reject(new IndexFailure(answer.failure));
      else waiting?.resolve(answer.value);
    });
    worker.on('error', (error) => this.#lost(worker, String(error)));
    worker.on('exit', () => this.#lost(worker, 'its thread has ended'));
    worker.unref();
    return worker;
  }

  #isAsked(worker: Worker): boolean {
    for (const waiting of this.#waiting.values()) if (waiting.worker === worker) return true;
    return false;
  }

  /** It answers nothing any more. */
  #lost(worker: Worker, reason: string): void {
    if (this.#worker === worker) {
      this.#worker = undefined;
      this.#hasRested = false;
    }
    for (const [id, waiting] of this.#waiting) {
      if (waiting.worker !== worker) continue;
      this.#waiting.delete(id);
      waiting.reject(new IndexFailure({ isCorrupt: false, reason }));
    }
  }
}
