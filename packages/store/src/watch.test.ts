import { createScope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import type { ChangePage } from './backend.ts';
import { storeError } from './errors.ts';
import type { ChangeRow } from './rows.ts';
import { watchChanges } from './watch.ts';

const change = (revision: number): ChangeRow => ({
  revision,
  ordinal: 0,
  op: 'put',
  resource: { kind: 'thing', id: 'a', version: revision, createdAt: 0, updatedAt: 0, json: '{}' },
});

/** A back end whose pages, or failures, are given one by one. */
class ScriptedBackend {
  readonly listeners = new Set<() => void>();
  reads = 0;
  readonly #script: ReadonlyArray<() => ChangePage>;

  constructor(...script: ReadonlyArray<() => ChangePage>) {
    this.#script = script;
  }

  async changes(): Promise<ChangePage> {
    return (this.#script[this.reads++] ?? this.#script.at(-1))?.() as ChangePage;
  }

  onAdvance(callback: () => void): () => void {
    this.listeners.add(callback);
    return () => this.listeners.delete(callback);
  }

  advance(): void {
    for (const listener of this.listeners) listener();
  }
}

const page =
  (revision: number, ...changes: ChangeRow[]) =>
  (): ChangePage => ({ changes, revision, compacted: 0 });
const unavailable = (): never => {
  throw storeError('STORE_UNAVAILABLE', { details: { reason: 'gone' } });
};

function watching(backend: ScriptedBackend) {
  const clock = new FakeClock();
  const scope = createScope({ clock });
  const seen: number[] = [];
  const ended = (async () => {
    for await (const { revision } of watchChanges(backend, { after: 0 }, scope)) seen.push(revision);
  })();
  return { clock, scope, seen, ended };
}

describe('watchChanges', () => {
  it('reads when there is something to read, and at no other time', async () => {
    const backend = new ScriptedBackend(page(1, change(1)), page(2, change(2)), page(2));
    const { clock, scope, seen, ended } = watching(backend);
    await clock.advance(60_000);
    expect([backend.reads, seen]).toEqual([1, [1]]);
    backend.advance();
    await clock.advance(60_000);
    expect([backend.reads, seen]).toEqual([2, [1, 2]]);
    scope.end();
    await ended;
    expect([backend.listeners.size, clock.pendingTimers]).toEqual([0, 0]);
  });

  it('reads again what was committed during a read', async () => {
    const backend: ScriptedBackend = new ScriptedBackend(
      () => {
        backend.advance();
        return page(1, change(1))();
      },
      page(2, change(2)),
    );
    const { clock, scope, seen, ended } = watching(backend);
    await clock.advance(0);
    expect(seen).toEqual([1, 2]);
    scope.end();
    await ended;
  });

  it('waits for a store that does not answer, for a while or until it tells of itself', async () => {
    const backend = new ScriptedBackend(unavailable, unavailable, unavailable, page(1, change(1)));
    const { clock, scope, seen, ended } = watching(backend);
    await clock.advance(999);
    expect(backend.reads).toBe(1);
    await clock.advance(1);
    expect(backend.reads).toBe(2);
    backend.advance();
    await clock.advance(0);
    expect(backend.reads).toBe(3);
    scope.end();
    await ended;
    expect([seen, clock.pendingTimers, backend.listeners.size]).toEqual([[], 0, 0]);
  });

  it('raises what else a read fails with', async () => {
    const backend = new ScriptedBackend(() => {
      throw storeError('STORE_CORRUPT', { details: { reason: 'page 7' } });
    });
    await expect(watching(backend).ended).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    expect(backend.listeners.size).toBe(0);
  });
});
