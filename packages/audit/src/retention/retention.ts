import { randomBytes as systemRandomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Clock, createScope, isRoundhouseError, type Logger, type Scope } from '@roundhouse/core';
import type { AuditJournal } from '../journal/contract.ts';
import { unavailable } from '../journal/journal.ts';
import { Serial } from '../journal/serial.ts';
import type { RandomBytes } from '../record/digest.ts';
import type { Actor } from '../record/entry.ts';
import { type AppliedStep, applyRetention } from './apply.ts';
import { checkInThread } from './archiveThread.ts';
import { nodeRetentionFiles, type RetentionFiles } from './files.ts';
import type { LegalHold } from './hold.ts';
import { type Inventory, takeInventory } from './inventory.ts';
import { type Medium, mediumOf } from './medium.ts';
import { overdueOf } from './overdue.ts';
import { planRetention, type RetentionPolicy } from './plan.ts';
import { type ProtectionStatus, protectionOf } from './protection.ts';
import type { ObjectLockStore } from './s3/objectLock.ts';

export interface RetentionOptions {
  /** Of the journal. */
  readonly directory: string;
  /** For certificates, and for what can be found out again. Not that of the journal, which others get copies of. */
  readonly state: string;
  readonly policy: RetentionPolicy;
  /** Below it each journal has a directory of its own, by its id. */
  readonly archiveDirectory?: string;
  readonly holds?: readonly LegalHold[];
  /** Gets archives before their originals go. */
  readonly bucket?: ObjectLockStore;
  /** Whether segments are to be locked with chattr, which `openLockedFiles` does. */
  readonly attributes?: boolean;
  /** Legacy: how often files are overwritten before they are removed, 1 to 7. Default: they are not. */
  readonly overwritePasses?: number;
}

export interface RetentionDependencies {
  readonly journal: AuditJournal;
  readonly clock: Clock;
  readonly log: Logger;
  /** Takes what is gone out of the index. Default: there is none. */
  readonly forget?: () => Promise<void>;
  readonly files?: RetentionFiles;
  /** What a directory is on. Default: as this host says. */
  readonly medium?: (directory: string) => Promise<Medium>;
  readonly randomBytes?: RandomBytes;
}

interface ReportedStep extends AppliedStep {
  /** Of the record; ms since 1970. Absent where nobody knows. */
  readonly from?: number;
  readonly to?: number;
  readonly records?: number;
}

interface ReportedHold extends LegalHold {
  /** Segments and archives that it keeps. */
  readonly segments: readonly number[];
  readonly archives: readonly number[];
}

/** What is to be done, or was done, and why. */
export interface RetentionReport {
  readonly journal: string;
  /** ms since 1970. */
  readonly at: number;
  /** Whether it was carried out. */
  readonly isApplied: boolean;
  readonly steps: readonly ReportedStep[];
  readonly holds: readonly ReportedHold[];
}

export interface RetentionStatus {
  /** The last that was carried out here. */
  readonly lastRun?: { readonly at: number; readonly done: number; readonly failed: number; readonly failure?: string };
}

export interface Retention extends AsyncDisposable {
  /** What would be done now; does nothing of it. Raises AUDIT_UNAVAILABLE, AUDIT_CLOSED. */
  plan(scope: Scope): Promise<RetentionReport>;
  /** Plans and carries it out, one run at a time. Raises AUDIT_UNAVAILABLE, AUDIT_CLOSED. */
  run(actor: Actor, scope: Scope): Promise<RetentionReport>;
  /**
   * Segments and archives past their period for more than `graceMs` that can still be read, and those erased without a
   * certificate. Raises as `plan`.
   */
  overdue(graceMs: number, scope: Scope): Promise<number>;
  /** What it goes by. */
  readonly policy: RetentionPolicy;
  status(): RetentionStatus;
  /** What keeps others from changing what is written: as it is found now. */
  protection(scope: Scope): Promise<ProtectionStatus>;
  /** Other holds, in force at once: a run that is under way ends what it is at, and leaves the rest to the next. */
  hold(holds: readonly LegalHold[]): void;
  /** Runs by itself from now on, once a day. */
  start(): void;
  /** Resolves when nothing is under way; idempotent. */
  close(): Promise<void>;
}

/** The first run by itself is not at once: a start has enough to do. */
const FIRST_RUN_MS = 300_000;
const RUN_INTERVAL_MS = 86_400_000;
const SELF: Actor = { type: 'system', id: 'retention', authentication: 'none' };

/** Keeps the journal as long as its policy says, and no longer. Does nothing before it is asked to, or started. */
export function createRetention(options: RetentionOptions, deps: RetentionDependencies): Retention {
  return new JournalRetention(options, deps);
}

class JournalRetention implements Retention {
  readonly #options: RetentionOptions;
  readonly #deps: RetentionDependencies;
  readonly #files: RetentionFiles;
  readonly #serial = new Serial();
  readonly #scope: Scope;
  #holds: readonly LegalHold[];
  #lastRun: RetentionStatus['lastRun'];
  #isStarted = false;

  constructor(options: RetentionOptions, deps: RetentionDependencies) {
    this.#options = options;
    this.#deps = deps;
    this.#holds = options.holds ?? [];
    this.#files = deps.files ?? nodeRetentionFiles;
    this.#scope = createScope({ clock: deps.clock });
  }

  plan(scope: Scope): Promise<RetentionReport> {
    return this.#alone(async () => {
      const { inventory, plan, holds } = await this.#plan(scope);
      return this.#report(plan.at, plan.steps, inventory, holds, false);
    });
  }

  run(actor: Actor, scope: Scope): Promise<RetentionReport> {
    return this.#alone(async () => {
      try {
        const { inventory, plan, holds } = await this.#plan(scope);
        const applying = { ...this.#applying(actor), isHeldAsPlanned: () => holds === this.#holds };
        const steps = await applyRetention(plan, inventory, applying, scope);
        const count = (outcome: AppliedStep['outcome']): number =>
          steps.filter((each) => each.outcome === outcome).length;
        this.#lastRun = { at: plan.at, done: count('done'), failed: count('failed') };
        return this.#report(plan.at, steps, inventory, holds, true);
      } catch (error) {
        this.#lastRun = { at: this.#deps.clock.now(), done: 0, failed: 0, failure: String(error) };
        throw error;
      }
    });
  }

  overdue(graceMs: number, scope: Scope): Promise<number> {
    return this.#alone(async () => {
      const { inventory, plan } = await this.#plan(scope);
      return overdueOf([...inventory.segments, ...inventory.archives], plan, graceMs);
    });
  }

  get policy(): RetentionPolicy {
    return this.#options.policy;
  }

  status(): RetentionStatus {
    return this.#lastRun === undefined ? {} : { lastRun: this.#lastRun };
  }

  protection(scope: Scope): Promise<ProtectionStatus> {
    const { attributes = false, bucket } = this.#options;
    return protectionOf(attributes, this.#deps.journal.segments(), bucket, scope);
  }

  hold(holds: readonly LegalHold[]): void {
    if (JSON.stringify(holds) !== JSON.stringify(this.#holds)) this.#holds = [...holds];
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    // The end of the scope ends it.
    this.#goOn().catch(() => {});
  }

  async close(): Promise<void> {
    this.#scope.end();
    await this.#serial.run(async () => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #goOn(): Promise<never> {
    const { log } = this.#deps;
    for (let delayMs = FIRST_RUN_MS; ; delayMs = RUN_INTERVAL_MS) {
      await this.#scope.sleep(delayMs);
      try {
        const { steps } = await this.run(SELF, this.#scope);
        for (const { kind, segment, failure } of steps) {
          if (failure !== undefined) log.error('retention failed', { kind, segment, reason: failure });
        }
      } catch (error) {
        this.#scope.throwIfEnded();
        log.error('retention could not run', { reason: String(error) });
      }
    }
  }

  /** Raises the disk's own words under the code that says what they mean here. */
  #alone<T>(task: () => Promise<T>): Promise<T> {
    return this.#serial.run(async () => {
      this.#scope.throwIfEnded();
      try {
        return await task();
      } catch (error) {
        throw isRoundhouseError(error) ? error : unavailable(error);
      }
    });
  }

  async #plan(scope: Scope) {
    const { policy, directory, state } = this.#options;
    const holds = this.#holds;
    const { journal, clock } = this.#deps;
    const archive = this.#archive;
    const inventory = await takeInventory(holds, { journal, files: this.#files, directory, state, archive }, scope);
    const plan = planRetention([...inventory.segments, ...inventory.archives], policy, holds, clock.now());
    return { inventory, plan, holds };
  }

  get #archive(): string | undefined {
    const { archiveDirectory } = this.#options;
    return archiveDirectory && join(archiveDirectory, this.#deps.journal.status().journal);
  }

  #applying(actor: Actor) {
    const { journal, clock, randomBytes = systemRandomBytes, forget = async () => {} } = this.#deps;
    const { directory, state, bucket, overwritePasses } = this.#options;
    return {
      overwritePasses,
      medium: this.#deps.medium ?? mediumOf,
      journal,
      files: this.#files,
      randomBytes,
      directory,
      state,
      archive: this.#archive,
      sinks: bucket === undefined ? [] : [bucket.archives],
      check: checkInThread,
      forget,
      now: () => clock.now(),
      actor,
    };
  }

  #report(
    at: number,
    steps: readonly AppliedStep[],
    inventory: Inventory,
    holds: readonly LegalHold[],
    isApplied: boolean,
  ): RetentionReport {
    const all = [...inventory.segments, ...inventory.archives];
    return {
      journal: this.#deps.journal.status().journal,
      at,
      isApplied,
      steps: steps.map((step, index) => ({ ...step, ...measured(all[index]) })),
      holds: holds.map((hold) => {
        const kept = (kind: AppliedStep['kind']): readonly number[] =>
          steps.filter((step) => step.kind === kind && step.holds.includes(hold.id)).map(({ segment }) => segment);
        return { ...hold, segments: kept('segment'), archives: kept('archive') };
      }),
    };
  }
}

function measured(known: Inventory['segments'][number] | Inventory['archives'][number] | undefined) {
  const classes = Object.values(known?.classes ?? {});
  if (classes.length === 0) return {};
  return {
    from: Math.min(...classes.map(({ first }) => first)),
    to: Math.max(...classes.map(({ last }) => last)),
    records: classes.reduce((sum, { records }) => sum + records, 0),
  };
}
