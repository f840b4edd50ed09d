import type { Clock } from '@roundhouse/core';

/** So many bytes a second, and at once what a second gives. */
export class ByteRate {
  readonly bytesPerSecond: number;
  readonly #clock: Pick<Clock, 'monotonic'>;
  #available: number;
  #at: number;

  constructor(bytesPerSecond: number, clock: Pick<Clock, 'monotonic'>) {
    this.bytesPerSecond = bytesPerSecond;
    this.#clock = clock;
    this.#available = bytesPerSecond;
    this.#at = clock.monotonic();
  }

  /** How many bytes may be taken now. */
  available(): number {
    const now = this.#clock.monotonic();
    this.#available = Math.min(this.bytesPerSecond, this.#available + ((now - this.#at) * this.bytesPerSecond) / 1_000);
    this.#at = now;
    return Math.floor(this.#available);
  }

  take(bytes: number): void {
    this.#available -= bytes;
  }
}
