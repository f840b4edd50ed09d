import { isRoundhouseError, type RoundhouseError, type Scope } from '@roundhouse/core';
import { workerError } from '../errors.ts';
import type { InstanceId } from '../instance/id.ts';
import type { Logs } from '../logs/contract.ts';
import type { ProbeAction } from '../spec/spec.ts';

type LogAction = Extract<ProbeAction, { kind: 'log' }>;

/** Bytes of a line that are looked at: what a pattern costs grows with the line, for some with its square and more. */
const MAX_LINE_BYTES = 4_096;

/** Longest wait of a check for what has been written already to be read, ms. */
const READING_MS = 200;

/** Looks for a line in all that one run writes, from its start to the end of the scope or until it is found. */
export class LogPattern {
  readonly #action: LogAction;
  readonly #lines: (scope: Scope) => ReturnType<Logs['follow']>;
  readonly #scope: Scope;
  #search: Promise<void> | undefined;

  /** @param startedAt wall clock, ms: what is older was written by the run before */
  constructor(action: LogAction, instance: InstanceId, startedAt: number, logs: Pick<Logs, 'follow'>, scope: Scope) {
    const { stream } = action;
    const query = { instances: [instance], sinceMs: startedAt, ...(stream !== undefined && { stream }) };
    this.#action = action;
    this.#lines = (searching) => logs.follow(query, searching);
    this.#scope = scope;
  }

  /**
   * Passes once the line is found. Raises PROBE_LINE_MISSING, LOG_PATTERN_INVALID, or what reading the log fails with;
   * then the next check begins the search anew.
   */
  async check(scope: Scope): Promise<void> {
    const pattern = this.#pattern();
    this.#search ??= this.#find(pattern).catch((error: unknown) => {
      this.#search = undefined;
      throw error;
    });
    const leftMs = Math.max(0, scope.deadline - scope.clock.monotonic());
    using wait = scope.child({ timeoutMs: Math.min(READING_MS, leftMs / 2) });
    await wait.race(this.#search).catch((error: unknown) => {
      scope.throwIfEnded();
      throw isTimeUp(error, wait) ? this.#missing() : error;
    });
  }

  async #find(pattern: RegExp): Promise<void> {
    using searching = this.#scope.child();
    for await (const { bytes } of this.#lines(searching)) {
      if (pattern.test(Buffer.from(bytes.subarray(0, MAX_LINE_BYTES)).toString('utf8'))) return;
    }
    searching.throwIfEnded();
    throw this.#missing();
  }

  #pattern(): RegExp {
    const { pattern } = this.#action;
    try {
      return new RegExp(pattern);
    } catch (cause) {
      throw workerError('LOG_PATTERN_INVALID', { details: { pattern, reason: (cause as Error).message }, cause });
    }
  }

  #missing(): RoundhouseError {
    return workerError('PROBE_LINE_MISSING', { details: { pattern: this.#action.pattern } });
  }
}

function isTimeUp(error: unknown, wait: Scope): boolean {
  return isRoundhouseError(error) && wait.signal.reason === error;
}
