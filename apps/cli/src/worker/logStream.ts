import type { WorkerLogFilters, WorkerLogLine } from '@roundhouse/api';
import { isRoundhouseError, type Scope } from '@roundhouse/core';
import { type ApiOptions, connect } from '../api.ts';
import { EXIT, exitCodeOf } from '../exit.ts';
import type { Io } from '../io.ts';

/** Between two attempts to connect again, ms. */
const RETRY_MS = 500;
/** Most lines that the server gives at once. */
export const MAX_LINES = 10_000;

/**
 * The lines of the past that are asked for, and all that follow, until the scope ends. A server that does not answer is
 * asked again: workers write on while their supervisor is away.
 */
export async function* followLogs(
  workers: readonly string[],
  filters: Omit<WorkerLogFilters, 'until'>,
  options: ApiOptions,
  scope: Scope,
  io: Io,
): AsyncGenerator<WorkerLogLine> {
  const last = new LastLines();
  let isLost = false;
  let query = filters;
  while (!scope.signal.aborted) {
    try {
      using client = await connect(options, io);
      for await (const line of client.workers.followLogs(workers, query, scope.signal)) {
        isLost = false;
        if (last.isNew(line)) yield line;
      }
      // A server that stops ends its streams, and one whose workers have been removed: the next attempt tells.
    } catch (error) {
      if (scope.signal.aborted) return;
      if (!mayPass(error)) throw error;
      // Once a loss, however many attempts it takes.
      if (!isLost) io.stderr.write('roundhouse: the connection is lost; trying again\n');
      isLost = true;
    }
    if (scope.signal.aborted) return;
    query = { ...filters, ...last.catchUp() };
    await scope.sleep(RETRY_MS).catch(() => {});
  }
}

/** Whether the next attempt may go well: a server that is started again may have another token. */
function mayPass(error: unknown): boolean {
  const code = exitCodeOf(error);
  return isRoundhouseError(error) && (code === EXIT.Unreachable || code === EXIT.Unauthenticated);
}

/** The latest moment there was a line of, and the lines of then: they come again, and are not new. */
class LastLines {
  #at: string | undefined;
  #seen = new Map<string, number>();
  #again: Map<string, number> | undefined;

  /** What to ask for after a loss. */
  catchUp(): { since?: string; limit?: number } {
    if (this.#at === undefined) return {};
    this.#again = new Map(this.#seen);
    return { since: this.#at, limit: MAX_LINES };
  }

  isNew(line: WorkerLogLine): boolean {
    const { at } = line;
    const key = JSON.stringify([at, line.worker, line.instance, line.stream, line.text]);
    if (this.#again !== undefined) {
      if (this.#at !== undefined && at > this.#at) this.#again = undefined;
      else {
        const count = this.#again.get(key) ?? 0;
        if (count > 0) {
          this.#again.set(key, count - 1);
          return false;
        }
      }
    }
    if (this.#at === undefined || at > this.#at) {
      this.#at = at;
      this.#seen = new Map();
    }
    if (at === this.#at) this.#seen.set(key, (this.#seen.get(key) ?? 0) + 1);
    return true;
  }
}
