import { type Clock, isRoundhouseError } from '@roundhouse/core';
import { NetError } from '@roundhouse/net';
import type { ProbeStep } from '@roundhouse/traffic';

/** What a probe goes through, one after the other. */
export type ProbePhase = 'resolve' | 'connect' | 'tls' | 'negotiate' | 'greeting' | 'request' | 'close';

/** Notes what a probe goes through, and how long each part takes. */
export class Phases {
  readonly #clock: Clock;
  readonly #done: ProbeStep[] = [];
  #current: { readonly name: ProbePhase; readonly since: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** All that are over, in their order. */
  get all(): readonly ProbeStep[] {
    return this.#done;
  }

  /** The one before has done what it should; this one begins. */
  readonly enter = (name: ProbePhase): void => {
    if (this.#current?.name === name) return;
    this.succeed();
    this.#current = { name, since: this.#clock.monotonic() };
  };

  /** The present one has done what it should. */
  succeed(): void {
    this.#end(undefined);
  }

  /** The present one has failed. */
  fail(code: string): void {
    this.#end(code);
  }

  #end(code: string | undefined): void {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    const elapsedMs = this.#clock.monotonic() - current.since;
    this.#done.push({ name: current.name, ok: code === undefined, elapsedMs, ...(code !== undefined && { code }) });
  }
}

/** The failure as its reader sees it: the end of the time is a TIMEOUT, whoever has noticed it. */
export function failureOf(error: unknown): { readonly code: string; readonly message: string; readonly hint: string } {
  if (!isRoundhouseError(error)) {
    const message = error instanceof Error ? error.message : String(error);
    return { code: 'INTERNAL', message, hint: 'Please report it, with the address that was probed.' };
  }
  const { message, hint } = error;
  return { code: isTimeout(error) ? 'TIMEOUT' : error.code, message, hint };
}

/** Whether a time was over. */
export function isTimeout(error: unknown): boolean {
  if (error instanceof NetError) return error.code === 'TIMEOUT';
  return isRoundhouseError(error) && error.code === 'DEADLINE_EXCEEDED';
}
