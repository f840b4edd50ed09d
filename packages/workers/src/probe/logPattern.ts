import { isRoundhouseError, type RoundhouseError, type Scope } from '@roundhouse/core';
import { workerError } from '../errors.ts';
import type { InstanceId } from '../instance/id.ts';
import type { Logs } from '../logs/contract.ts';
import { linePattern } from '../logs/pattern.ts';
import type { ProbeAction } from '../spec/spec.ts';

type LogAction = Extract<ProbeAction, { kind: 'log' }>;

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
    const fits = linePattern(this.#action.pattern);
    this.#search ??= this.#find(fits).catch((error: unknown) => {
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

  async #find(fits: (bytes: Uint8Array) => boolean): Promise<void> {
    using searching = this.#scope.child();
    for await (const { bytes } of this.#lines(searching)) {
      if (fits(bytes)) return;
    }
    searching.throwIfEnded();
    throw this.#missing();
  }

  #missing(): RoundhouseError {
    return workerError('PROBE_LINE_MISSING', { details: { pattern: this.#action.pattern } });
  }
}

function isTimeUp(error: unknown, wait: Scope): boolean {
  return isRoundhouseError(error) && wait.signal.reason === error;
}
