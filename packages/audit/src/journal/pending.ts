import type { Draft } from '../record/draft.ts';
import type { Durability, Receipt, Unavailable } from './contract.ts';

/** A record that waits to be written, and who waits for it. */
export interface Pending {
  readonly draft: Draft;
  readonly durability: Durability;
  readonly whenUnavailable: Unavailable;
  /** Absent when nobody waits any longer. */
  caller: Caller | undefined;
}

interface Caller {
  resolve(receipt: Receipt): void;
  reject(error: Error): void;
}

/** Records in order of their numbers to be. Those at the front leave when they are durable, not before. */
export class PendingRecords {
  #items: Pending[] = [];
  #urgent = 0;
  #grouped = 0;

  get length(): number {
    return this.#items.length;
  }

  /** Whether one waits that is strict, or any group record does. */
  get hasUrgent(): boolean {
    return this.#urgent > 0;
  }

  get hasGrouped(): boolean {
    return this.#grouped > 0;
  }

  push(pending: Pending): void {
    this.#items.push(pending);
    this.#count(pending, 1);
  }

  /** The first ones, up to `records` of them and `bytes` characters; at least one if there is any. */
  first(records: number, bytes: number): readonly Pending[] {
    let total = 0;
    let end = 0;
    while (end < this.#items.length && end < records) {
      total += (this.#items[end] as Pending).draft.size;
      if (total > bytes && end > 0) break;
      end++;
    }
    return this.#items.slice(0, end);
  }

  /** Takes the first `count` away. */
  shift(count: number): void {
    for (const pending of this.#items.slice(0, count)) this.#count(pending, -1);
    this.#items = this.#items.slice(count);
  }

  /** Keeps those that `isKept` says. */
  retain(isKept: (pending: Pending) => boolean): void {
    const items = this.#items;
    this.#items = [];
    this.#urgent = 0;
    this.#grouped = 0;
    for (const pending of items) if (isKept(pending)) this.push(pending);
  }

  #count({ durability }: Pending, by: number): void {
    if (durability === 'strict') this.#urgent += by;
    if (durability === 'group') this.#grouped += by;
  }
}
