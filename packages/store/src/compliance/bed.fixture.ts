import assert from 'node:assert/strict';
import { createScope, isRoundhouseError, type Scope } from '@roundhouse/core';
import type { FakeClock } from '@roundhouse/testing';
import type { NewDelivery } from '../deliveryLog.ts';
import type { LoggedEvent } from '../eventLog.ts';
import type { Change, Expectation, JsonObject, Store, StoredResource, Write } from '../store.ts';

/** An empty store to be tried. */
export interface StoreBed {
  readonly store: Store;
  readonly clock: FakeClock;
  /** Moves the clock of the store on. */
  readonly advance: (ms: number) => Promise<void>;
  /** Frees what the store stands on; it is closed by then. */
  readonly release: () => Promise<void>;
}

export type MakeStore = () => Promise<StoreBed>;

export interface ComplianceCase {
  readonly title: string;
  readonly run: (bed: StoreBed) => Promise<void>;
}

export const put = (id: string, value: JsonObject = {}, expect: Expectation = 'any', kind = 'thing'): Write => ({
  op: 'put',
  kind,
  id,
  value,
  expect,
});

export const remove = (id: string, expect: Expectation = 'any', kind = 'thing'): Write => ({
  op: 'delete',
  kind,
  id,
  expect,
});

export async function putOne(
  store: Store,
  id: string,
  value: JsonObject = {},
  kind = 'thing',
): Promise<StoredResource> {
  const { resources } = await store.commit({ writes: [put(id, value, 'any', kind)] });
  return resources[0] as StoredResource;
}

export const event = (sequence: number, body: JsonObject = { n: sequence }): LoggedEvent => ({
  sequence,
  at: 1_000 + sequence,
  type: 'thing.changed',
  subject: `thing/${sequence}`,
  body,
});

export const eventsFrom = (first: number, count: number): LoggedEvent[] =>
  Array.from({ length: count }, (_, index) => event(first + index));

export const delivery = (messageId: string, overrides: Partial<NewDelivery> = {}): NewDelivery => ({
  receiver: 'hook',
  messageId,
  orderKey: null,
  type: 'thing.changed',
  body: { id: messageId },
  nextAttemptAt: 0,
  ...overrides,
});

export async function rejectsWith(code: string, work: Promise<unknown>): Promise<void> {
  await assert.rejects(work, (error: unknown) => {
    if (!isRoundhouseError(error)) throw error;
    assert.equal(error.code, code);
    return true;
  });
}

/** Reads a watch to its end, or until `count` changes have come; the changes are there while it runs. */
export class Watcher {
  readonly seen: Change[] = [];
  readonly ended: Promise<void>;
  readonly scope: Scope = createScope();
  readonly #waiting = new Set<() => void>();

  constructor(store: Store, after: number, kinds?: readonly string[]) {
    this.ended = this.#read(store.watch(kinds === undefined ? { after } : { after, kinds }, this.scope));
    // A test that awaits the end still meets the error.
    this.ended.catch(() => {});
  }

  /** Resolves when so many changes have been seen; rejects with the error of the watch. */
  async until(count: number): Promise<readonly Change[]> {
    while (this.seen.length < count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      await Promise.race([promise, this.ended]);
      if (this.#waiting.has(resolve)) assert.fail(`the watch ended after ${this.seen.length} of ${count} changes`);
    }
    return this.seen;
  }

  async stop(): Promise<void> {
    this.scope.end();
    await this.ended;
  }

  async #read(changes: AsyncIterable<Change>): Promise<void> {
    for await (const change of changes) {
      this.seen.push(change);
      for (const resolve of this.#waiting) resolve();
      this.#waiting.clear();
    }
  }
}

export const summary = ({ revision, op, resource }: Change): string => `${revision} ${op} ${resource.id}`;
