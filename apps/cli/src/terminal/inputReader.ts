import type { Clock, Timer } from '@roundhouse/core';
import { InputDecoder, type InputEvent } from './input.ts';

/** An Esc that nothing follows within this time is the key itself. A slow line must not cut function keys in two. */
export const ESCAPE_DELAY_MS = 100;

/** Reads what the terminal sends, and knows when an Esc was the key. */
export class InputReader {
  readonly #clock: Clock;
  readonly #handle: (events: readonly InputEvent[]) => void;
  readonly #decoder = new InputDecoder();
  #escapeTimer: Timer | undefined;

  constructor(clock: Clock, handle: (events: readonly InputEvent[]) => void) {
    this.#clock = clock;
    this.#handle = handle;
  }

  push(bytes: Uint8Array): void {
    this.#escapeTimer?.cancel();
    this.#handle(this.#decoder.push(bytes));
    if (!this.#decoder.isPending) return;
    this.#escapeTimer = this.#clock.setTimer(ESCAPE_DELAY_MS, () => this.#handle(this.#decoder.flush()));
  }

  close(): void {
    this.#escapeTimer?.cancel();
  }
}
