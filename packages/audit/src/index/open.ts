import { createScope, type Scope } from '@roundhouse/core';
import { auditError } from '../errors.ts';
import type {
  AuditPage,
  AuditPageQuery,
  AuditQuery,
  ExportFormat,
  IndexDependencies,
  IndexOptions,
  IndexProgress,
  IndexStatus,
  SearchIndex,
} from './contract.ts';
import { exportText } from './export.ts';
import { Indexer, NEARLY } from './indexer.ts';
import { PostgresIndex } from './postgres/postgresIndex.ts';
import { SqliteIndex } from './sqlite/sqliteIndex.ts';
import { type Find, findOf, termsOf } from './terms.ts';
import { missingRecords } from './missing.ts';
import type { AuditRecord } from '../record/entry.ts';
import { type Found, type IndexBackend, IndexFailure } from './backend.ts';

const DEFAULT_DELAY_MS = 100;
/** How long a page waits for what was durable before it was asked for, ms. */
const MAX_WAIT_MS = 2_000;
const SYNC_MS = 600_000;
/** Records that a follower gets at a time, and numbers that an export asks for. */
const FOLLOW_PAGE = 500;
const EXPORT_PAGE = 1_000;

/**
 * Begins to bring what the journal has into its index, and goes on until it is closed. Raises nothing: an
 * index that cannot be made says so in its status, and is tried again.
 */
export function openIndex(options: IndexOptions, deps: IndexDependencies): SearchIndex {
  return new Search(options, deps);
}

function backendOf(options: IndexOptions, { journal, clock, log }: IndexDependencies): IndexBackend {
  const id = journal.status().journal;
  return 'directory' in options
    ? new SqliteIndex(options.directory, id, clock)
    : new PostgresIndex(options.postgres, id, log);
}

class Search implements SearchIndex {
  readonly #deps: IndexDependencies;
  readonly #scope: Scope;
  readonly #backend: IndexBackend;
  readonly #indexer: Indexer;
  readonly #running: Promise<unknown>;
  #closing: Promise<void> | undefined;

  constructor(options: IndexOptions, deps: IndexDependencies) {
    const { journal, clock, log } = deps;
    const { delayMs = DEFAULT_DELAY_MS, firstDelayMs = 0 } = options;
    this.#deps = deps;
    this.#scope = createScope({ clock });
    this.#backend = backendOf(options, deps);
    this.#indexer = new Indexer({
      journal,
      clock,
      log,
      delayMs,
      firstDelayMs,
      backend: this.#backend,
      scope: this.#scope,
    });
    this.#running = Promise.all([this.#indexer.run(), this.#syncs()]);
  }

  async query(query: AuditPageQuery, scope: Scope): Promise<AuditPage> {
    const find = findOf(query);
    await this.#settle(scope);
    const { behind } = this.#indexer;
    // One more than is asked for says whether there are more.
    const { seqs, records } = await scope.race(this.#find({ ...find, limit: find.limit + 1 }, true));
    const hasMore = seqs.length > find.limit;
    return {
      records: records.slice(0, find.limit).map((json) => JSON.parse(json) as AuditRecord),
      next: hasMore ? seqs[find.limit - 1] : undefined,
      behind,
    };
  }

  async *follow(query: AuditQuery, from: number, scope: Scope): AsyncGenerator<readonly AuditRecord[]> {
    for (let at = from; ; ) {
      const { next } = this.#indexer;
      const page = await this.query({ ...query, order: 'oldest', limit: FOLLOW_PAGE, after: at - 1 }, scope);
      if (page.records.length > 0) yield page.records;
      const last = page.records.at(-1)?.seq ?? at - 1;
      // Of a full page the rest is still to come; else all before `next` has been looked at.
      at = page.next === undefined ? Math.max(at, next, last + 1) : last + 1;
      if (page.next === undefined && this.#indexer.next <= at) await this.#indexer.advance(scope);
    }
  }

  async *export(query: AuditQuery, format: ExportFormat, scope: Scope): AsyncGenerator<string> {
    const { journal } = this.#deps;
    const to = journal.status().next_seq;
    const isWhole = termsOf(query).length === 0 && query.since === undefined && query.until === undefined;
    if (isWhole) {
      yield* exportText(journal.read({ to, erased: 'skip' }, scope), format);
      return;
    }
    const find = findOf({ ...query, order: 'oldest', limit: EXPORT_PAGE });
    await this.#settle(scope);
    const { behind } = this.#indexer;
    // What it does not find would be missing without a word.
    if (this.#indexer.next < to) throw auditError('AUDIT_INDEX_BEHIND', { details: { behind } });
    yield* exportText(this.#found({ ...find, to }, scope), format);
  }

  status(): IndexStatus {
    const { next, journalNext, behind, failure, lagMs, skipped, bytes } = this.#indexer;
    const isClosed = this.#closing !== undefined;
    return {
      state: isClosed ? 'closed' : failure !== undefined ? 'failed' : behind > NEARLY ? 'building' : 'current',
      ...(failure !== undefined && { reason: failure }),
      next_seq: next,
      journal_next_seq: journalNext,
      behind,
      lag_ms: Math.round(lagMs),
      skipped,
      bytes,
    };
  }

  sync(): Promise<void> {
    return this.#scope.race(this.#indexer.between(() => this.#forget()));
  }

  async rebuild(onProgress: (progress: IndexProgress) => void, scope: Scope): Promise<void> {
    const { next_seq: end, first_seq: first } = this.#deps.journal.status();
    const total = end - first;
    const doneOf = (next: number): number => Math.min(total, Math.max(0, next - first));
    this.#indexer.reset();
    onProgress({ done: 0, total });
    using either = scope.child({ signal: this.#scope.signal });
    while (this.#indexer.next < end) {
      await this.#indexer.advance(either);
      onProgress({ done: doneOf(this.#indexer.next), total });
    }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#scope.end(auditError('AUDIT_CLOSED'));
    await this.#running;
    await this.#backend.close();
  }

  /** Waits until what is durable is in the index, when that takes but a moment. */
  async #settle(scope: Scope): Promise<void> {
    this.#scope.throwIfEnded();
    if (this.#indexer.isCurrent) return;
    using moment = scope.child({ timeoutMs: MAX_WAIT_MS, signal: this.#scope.signal });
    try {
      await this.#indexer.ready(moment);
      if (this.#indexer.behind <= NEARLY) await this.#indexer.reach(this.#indexer.journalNext, moment);
    } catch {
      // It is answered from what there is.
      scope.throwIfEnded();
      this.#scope.throwIfEnded();
    }
  }

  async #find(find: Find, isWhole: boolean): Promise<Found> {
    try {
      return await this.#backend.find(find, isWhole);
    } catch (cause) {
      if (cause instanceof IndexFailure && cause.isCorrupt) this.#indexer.reset();
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw auditError('AUDIT_INDEX_UNAVAILABLE', { details: { reason }, cause });
    }
  }

  /** The records that the index finds, as the journal has them. */
  async *#found(find: Find, scope: Scope): AsyncGenerator<AuditRecord> {
    const { journal } = this.#deps;
    for (let { from } = find; ; ) {
      const { seqs } = await scope.race(this.#find({ ...find, from }, false));
      for (const { first, end, wanted } of runsOf(seqs)) {
        for await (const record of journal.read({ from: first, to: end, erased: 'skip' }, scope)) {
          if (wanted.has(record.seq)) yield record;
        }
      }
      const last = seqs.at(-1);
      if (last === undefined || seqs.length < find.limit) return;
      from = last + 1;
    }
  }

  async #syncs(): Promise<void> {
    try {
      for (;;) {
        await this.sync().catch((error: unknown) => {
          this.#scope.throwIfEnded();
          this.#deps.log.warn('the index of the audit still has what the journal has not', { reason: String(error) });
        });
        await this.#scope.sleep(SYNC_MS);
      }
    } catch (error) {
      if (!this.#scope.signal.aborted) throw error;
    }
  }

  async #forget(): Promise<void> {
    let isAny = false;
    for (const { from, to } of missingRecords(this.#deps.journal)) {
      if (await this.#backend.forget(from, to)) isAny = true;
    }
    if (isAny) await this.#backend.purge(this.#scope);
  }
}

/** Records that lie between two that are wanted are read with them when they are so few: opening a place costs more. */
const NEAR = 64;

interface Run {
  readonly first: number;
  end: number;
  readonly wanted: Set<number>;
}

function runsOf(seqs: readonly number[]): readonly Run[] {
  const runs: Run[] = [];
  for (const seq of seqs) {
    const last = runs.at(-1);
    if (last !== undefined && seq - last.end < NEAR) {
      last.end = seq + 1;
      last.wanted.add(seq);
    } else runs.push({ first: seq, end: seq + 1, wanted: new Set([seq]) });
  }
  return runs;
}
