import type { LogonRate } from './endpoint.ts';

/**
 * A token bucket that says when it will hold its next token, so that a column of such times is all that a decision
 * needs. Kept as one time, as the generic cell rate algorithm does (ITU-T I.371): the bucket is `fullAt`, and each
 * token taken moves that by the time that one takes to come.
 */
export class LogonBucket {
  #tokenMs: number;
  /** How far `fullAt` may lie ahead while there is still a token. */
  #slackMs: number;
  #fullAt = -Infinity;

  constructor({ perSecond, burst }: Required<LogonRate>) {
    this.#tokenMs = 1_000 / perSecond;
    this.#slackMs = (burst - 1) * this.#tokenMs;
  }

  /** Takes another rate; tokens that were taken and have not come back are missing still. `now` is monotonic. */
  configure({ perSecond, burst }: Required<LogonRate>, now: number): void {
    const missing = Math.min(Math.max(this.#fullAt - now, 0) / this.#tokenMs, burst);
    this.#tokenMs = 1_000 / perSecond;
    this.#slackMs = (burst - 1) * this.#tokenMs;
    this.#fullAt = now + missing * this.#tokenMs;
  }

  /** Monotonic ms from when on there is a token. */
  get readyAt(): number {
    return this.#fullAt - this.#slackMs;
  }

  /** Takes one, which must be there. `now` is monotonic. */
  take(now: number): void {
    this.#fullAt = Math.max(this.#fullAt, now) + this.#tokenMs;
  }
}
