import type { Clock, Timer } from '@roundhouse/core';
import type { MoveWish } from '@roundhouse/traffic';
import type { Operation } from '../operation/operation.ts';
import type { OperationLog } from '../operation/log.ts';
import type { SessionEntry } from '../session/entry.ts';
import type { Line } from '../session/line.ts';

/** How often sessions that should move are looked at, ms. */
const LOOK_INTERVAL_MS = 250;
/** Sessions that move at a time. */
const MAX_MOVING = 32;
/** How long a session is left alone after a move that failed, ms. */
const RETRY_DELAY_MS = 5_000;

export interface RelocationDependencies {
  readonly clock: Clock;
  readonly operations: OperationLog;
  /** Whether a script leads the session back to where it was: a move does no harm then. */
  readonly canNavigate: (entry: SessionEntry) => boolean;
  /** Moves the session away from the endpoint of its line. Settles when the operation has finished. */
  readonly move: (entry: SessionEntry, line: Line, operation: Operation) => Promise<void>;
}

interface Wanted {
  readonly entry: SessionEntry;
  readonly line: Line;
  /** Monotonic. */
  notBefore: number;
}

/**
 * Moves sessions whose endpoint asks for it: because it is unhealthy, at once; because it is drained or a better one is
 * back, at a safe point, or without one when the deadline has come.
 */
export class Relocation {
  readonly #deps: RelocationDependencies;
  readonly #wanted = new Map<string, Wanted>();
  #moving = 0;
  #timer: Timer | undefined;
  /** Monotonic. */
  #lookAt = Infinity;
  #isClosed = false;

  constructor(deps: RelocationDependencies) {
    this.#deps = deps;
  }

  /** The lease of a line asks for a move. */
  want(entry: SessionEntry, line: Line): void {
    this.#wanted.set(entry.id, { entry, line, notBefore: 0 });
    this.#lookIn(0);
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#wanted.clear();
  }

  /** The earliest look asked for is the next. */
  #lookIn(delayMs: number): void {
    const at = this.#deps.clock.monotonic() + delayMs;
    if (this.#isClosed || at >= this.#lookAt) return;
    this.#timer?.cancel();
    this.#lookAt = at;
    this.#timer = this.#deps.clock.setTimer(delayMs, () => {
      this.#lookAt = Infinity;
      this.#look();
    });
  }

  #look(): void {
    const now = this.#deps.clock.monotonic();
    for (const [id, wanted] of this.#wanted) {
      const { entry, line } = wanted;
      const wish = line.lease?.wish ?? null;
      if (entry.hasEnded || entry.line !== line || wish === null) this.#wanted.delete(id);
      else if (this.#moving < MAX_MOVING && now >= wanted.notBefore && this.#mayMove(entry, wish, now)) {
        void this.#move(wanted, wish);
      }
    }
    if (this.#wanted.size > 0) this.#lookIn(LOOK_INTERVAL_MS);
  }

  #mayMove(entry: SessionEntry, { reason, deadline }: MoveWish, now: number): boolean {
    if (entry.isMoving) return false;
    if (reason === 'unhealthy' || now >= deadline) return true;
    if (!entry.isAtSafePoint) return false;
    // Without a script the caller has to log on again: not while somebody works there.
    return this.#deps.canNavigate(entry) || entry.state === 'idle';
  }

  async #move(wanted: Wanted, { reason }: MoveWish): Promise<void> {
    const { entry, line } = wanted;
    const { operations, clock, move } = this.#deps;
    const operation = operations.begin(reason === 'unhealthy' ? 'failover' : 'migrate', entry.id);
    entry.beginMove(operation.id);
    this.#moving++;
    try {
      await move(entry, line, operation);
    } catch (error) {
      // It did not come to begin.
      entry.endMove();
      if (!operation.hasFinished) operation.fail(error);
    } finally {
      this.#moving--;
      wanted.notBefore = clock.monotonic() + RETRY_DELAY_MS;
      if (this.#wanted.size > 0) this.#lookIn(0);
    }
  }
}
