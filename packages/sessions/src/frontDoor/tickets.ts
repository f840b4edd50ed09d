import type { Clock, Timer } from '@roundhouse/core';

/** Letters and digits of LU names that cannot be taken for one another; 31 of them. */
const LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZ2345678';
const PREFIX = 'TK';
const RANDOM_LETTERS = 6;
/** Tickets that are out at a time; one more makes the oldest void. */
const MAX_TICKETS = 10_000;

export interface Ticket {
  /** LU name to ask the front door for. */
  readonly lu: string;
  /** Wall clock, ms since 1970. */
  readonly expiresAt: number;
}

/** LU names that stand for one session each, for a short time and one use. */
export class Tickets {
  readonly #clock: Clock;
  readonly #randomBytes: (size: number) => Uint8Array;
  readonly #sessions = new Map<string, { readonly sessionId: string; readonly timer: Timer }>();

  constructor(clock: Clock, randomBytes: (size: number) => Uint8Array) {
    this.#clock = clock;
    this.#randomBytes = randomBytes;
  }

  issue(sessionId: string, validMs: number): Ticket {
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size >= MAX_TICKETS && oldest !== undefined) this.redeem(oldest);
    let lu: string;
    do lu = `${PREFIX}${this.#letters()}`;
    while (this.#sessions.has(lu));
    this.#sessions.set(lu, { sessionId, timer: this.#clock.setTimer(validMs, () => this.#sessions.delete(lu)) });
    return { lu, expiresAt: this.#clock.now() + validMs };
  }

  /** The session of a ticket, which is void then; undefined for any other name. */
  redeem(lu: string): string | undefined {
    const ticket = this.#sessions.get(lu);
    ticket?.timer.cancel();
    this.#sessions.delete(lu);
    return ticket?.sessionId;
  }

  /** Makes all tickets void. */
  clear(): void {
    for (const { timer } of this.#sessions.values()) timer.cancel();
    this.#sessions.clear();
  }

  #letters(): string {
    return Array.from(this.#randomBytes(RANDOM_LETTERS), (byte) => LETTERS[byte % LETTERS.length]).join('');
  }
}
