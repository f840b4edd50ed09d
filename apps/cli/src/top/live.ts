import type { Client } from '@roundhouse/api';
import { createScope, isRoundhouseError, type Scope, systemClock } from '@roundhouse/core';
import { type ApiOptions, connect } from '../api.ts';
import { EXIT, exitCodeOf } from '../exit.ts';
import type { Io } from '../io.ts';
import { deferredSignals } from '../terminal/signals.ts';
import { processTty } from '../terminal/tty.ts';
import { allWorkers } from '../worker/all.ts';
import { instanceRows, type WorkerRow } from '../worker/rows.ts';
import type { Order } from './order.ts';
import { Top } from './top.ts';

export interface TopOptions extends ApiOptions {
  readonly interval: number;
  readonly sort: Order;
  readonly group?: string;
}

/**
 * Shows the table until the person leaves. What keeps the first answer from coming is raised; later the table stays, and
 * says why it is old. The terminal is given back in every case; a signal takes effect after that.
 */
export async function showTop(options: TopOptions, io: Io): Promise<void> {
  const clock = io.clock ?? systemClock;
  using source = new WorkersSource(options, io);
  const rows = await source.read(clock.now());
  const tty = processTty(io.env);
  using signals = deferredSignals();
  using scope = createScope({ clock, signal: signals.signal });
  const top = new Top(tty, clock, options.sort);
  scope.onEnd(() => top.close());
  try {
    top.update(rows, clock.now());
    await Promise.race([top.run(), refresh(top, source, options.interval, scope)]);
  } finally {
    top.close();
  }
}

async function refresh(top: Top, source: WorkersSource, intervalMs: number, scope: Scope): Promise<void> {
  for (;;) {
    await scope.sleep(intervalMs).catch(() => {});
    if (scope.signal.aborted) return;
    try {
      const atMs = scope.clock.now();
      top.update(await source.read(atMs, scope.signal), atMs);
    } catch (error) {
      if (scope.signal.aborted) return;
      if (!isRoundhouseError(error) || !mayPass(error)) throw error;
      top.failed(`${error.message} (${error.code}); trying again`);
    }
  }
}

/** Whether the next attempt may go well: a server that is started again may have another token. */
function mayPass(error: unknown): boolean {
  const code = exitCodeOf(error);
  return code === EXIT.Unreachable || code === EXIT.Unauthenticated;
}

/** Asks the server, and finds it again when it was away. */
class WorkersSource implements Disposable {
  readonly #options: TopOptions;
  readonly #io: Io;
  #client: Client | undefined;

  constructor(options: TopOptions, io: Io) {
    this.#options = options;
    this.#io = io;
  }

  async read(nowMs: number, signal?: AbortSignal): Promise<readonly WorkerRow[]> {
    this.#client ??= await connect(this.#options, this.#io);
    try {
      const workers = await allWorkers(this.#client, this.#options.group, signal);
      return workers.flatMap((worker) => instanceRows(worker, nowMs));
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#client?.close();
    this.#client = undefined;
  }
}
