import type { AuditJournal } from '@roundhouse/audit';
import type { Verdict } from '@roundhouse/audit/verify';
import type { Clock, Logger, Scope } from '@roundhouse/core';
import { SERVER_CODES } from './codes.ts';
import type { Memory } from './memory.ts';
import type { Verified, VerifyOutcome, VerifyTask } from './verifyNew.ts';

/** What the last verification came to. */
export interface VerificationResult {
  /** When it ended, ms since 1970. */
  readonly at: number;
  readonly verdict: Verdict;
  /** The first thing that is wrong. */
  readonly fault?: string;
  /** First record that is kept, the number behind the last one, and how many of them are signed. */
  readonly first_seq: number;
  readonly next_seq: number;
  readonly signed_size: number;
  /** Segments that were read: those that are new or have changed, or all of them. */
  readonly segments: number;
  readonly is_whole: boolean;
  readonly elapsed_ms: number;
}

export interface VerificationMemory {
  readonly last?: VerificationResult;
  readonly verified?: Verified;
  /** When all of the journal was read last, ms since 1970. */
  readonly whole_at?: number;
}

export interface VerificationDependencies {
  readonly journal: Pick<AuditJournal, 'append' | 'checkpoint' | 'status'>;
  /** Of the journal. */
  readonly directory: string;
  readonly verify: (task: VerifyTask, scope: Scope) => Promise<VerifyOutcome>;
  readonly memory: Memory<VerificationMemory>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly scope: Scope;
  /** Called when there is a result. */
  readonly onResult: () => void;
}

const HOUR_MS = 3_600_000;
/** A start has enough to do. */
const FIRST_MS = 120_000;
const INTERVAL_MS = 6 * HOUR_MS;
const RETRY_MS = HOUR_MS;
/** What was verified stays so while its files are as they were; all the same, everything is read this often. */
const WHOLE_MS = 7 * 24 * HOUR_MS;
/** What is found while segments are begun and removed is looked at again before it is believed. */
const SECOND_LOOK_MS = 2_000;

/** Whether nothing is wrong; what was removed by rule is not. */
export function isIntact(verdict: Verdict): boolean {
  return verdict === 'intact' || verdict === 'pruned';
}

/**
 * Verifies the journal of this server every six hours, in a thread that rests more than it works: what is new since the
 * last time, and all of it once a week or when files are not as they were. Each result is on record.
 */
export class Verification {
  readonly #deps: VerificationDependencies;
  #memory: VerificationMemory | undefined;
  #running: Promise<VerificationResult> | undefined;

  constructor(deps: VerificationDependencies) {
    this.#deps = deps;
  }

  /** Begins to verify by itself; the end of the scope ends it. */
  start(): void {
    this.#goOn().catch(() => {});
  }

  /** Undefined before the first. Raises what the memory does. */
  async last(): Promise<VerificationResult | undefined> {
    return (await this.#recall()).last;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Verifies now; whoever asks while it runs gets that. Raises what cannot be read, and the reason of the scope. */
  run(): Promise<VerificationResult> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #goOn(): Promise<never> {
    const { scope, log, clock } = this.#deps;
    const last = await this.last().catch(() => undefined);
    const dueMs = last === undefined ? 0 : last.at + INTERVAL_MS - clock.now();
    for (let delayMs = Math.min(Math.max(FIRST_MS, dueMs), INTERVAL_MS); ; ) {
      await scope.sleep(delayMs);
      delayMs = INTERVAL_MS;
      try {
        await this.run();
      } catch (error) {
        scope.throwIfEnded();
        delayMs = RETRY_MS;
        log.error('the audit journal could not be verified', { reason: String(error) });
      }
    }
  }

  async #run(): Promise<VerificationResult> {
    const { clock, scope, log, memory, onResult } = this.#deps;
    const { verified, whole_at: wholeAt = 0 } = await this.#recall();
    const begunAt = clock.monotonic();
    const isDue = clock.now() - wholeAt >= WHOLE_MS;
    await this.#sign();
    let outcome = await this.#verify(isDue ? undefined : verified);
    if (outcome.report.fault !== undefined) {
      await scope.sleep(SECOND_LOOK_MS);
      outcome = await this.#verify(undefined);
    }
    const result = resultOf(outcome, clock.now(), clock.monotonic() - begunAt);
    const next: VerificationMemory = {
      last: result,
      whole_at: outcome.isWhole && outcome.verified !== undefined ? result.at : wholeAt,
      ...(outcome.verified !== undefined && { verified: outcome.verified }),
    };
    this.#memory = next;
    if (!isIntact(result.verdict)) log.error('the audit journal is not intact', { ...result });
    await this.#record(result);
    await memory.save(next).catch((error: unknown) => {
      log.warn('what was verified is not kept', { reason: String(error) });
    });
    onResult();
    return result;
  }

  /** What nothing that is signed covers is vouched for by nobody. */
  async #sign(): Promise<void> {
    const { journal, log } = this.#deps;
    await journal.checkpoint().catch((error: unknown) => {
      log.warn('there is no checkpoint of all that is verified', { reason: String(error) });
    });
  }

  #verify(verified: Verified | undefined): Promise<VerifyOutcome> {
    const { directory, verify, scope } = this.#deps;
    return verify({ directory, ...(verified !== undefined && { verified }) }, scope);
  }

  async #recall(): Promise<VerificationMemory> {
    this.#memory ??= (await this.#deps.memory.load()) ?? {};
    return this.#memory;
  }

  async #record(result: VerificationResult): Promise<void> {
    const { journal, scope, log } = this.#deps;
    const code = isIntact(result.verdict) ? 'RHA-5012' : 'RHA-5013';
    const { class: auditClass, action } = SERVER_CODES[code];
    const outcome = code === 'RHA-5012' ? 'success' : 'failure';
    const actor = { type: 'system', id: 'verification', authentication: 'none' } as const;
    const resource = { kind: 'audit', id: journal.status().journal };
    const facts = {
      phase: 'fact',
      outcome,
      actor,
      resource,
      details: { ...result, at: new Date(result.at).toISOString() },
    } as const;
    try {
      await journal.append({ class: auditClass, action, code, ...facts }, scope);
    } catch (error) {
      scope.throwIfEnded();
      log.warn('a verification is not on record', { reason: String(error) });
    }
  }
}

function resultOf({ report, isWhole }: VerifyOutcome, at: number, elapsedMs: number): VerificationResult {
  const { verdict, fault, first_seq, size, signed_size, segments } = report;
  const place = [fault?.file, fault?.seq === undefined ? undefined : `record ${fault.seq}`].filter(Boolean).join(', ');
  return {
    at,
    verdict,
    first_seq,
    next_seq: size,
    signed_size,
    segments,
    is_whole: isWhole,
    elapsed_ms: Math.round(elapsedMs),
    ...(fault !== undefined && { fault: `${place}: ${fault.what}` }),
  };
}
