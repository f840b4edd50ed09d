/**
 * Counts what happened in the last `windowMs`, in slices, so that memory does not grow with the rate: a happening counts
 * for at least the window less one slice, and at most the window. Times are monotonic ms.
 */
export class SlidingCount {
  readonly #sliceMs: number;
  readonly #slices: Float64Array;
  /** Number of the newest slice, counted from the clock's origin. */
  #newest = 0;
  #total = 0;

  constructor(windowMs: number, slices = 10) {
    this.#sliceMs = windowMs / slices;
    this.#slices = new Float64Array(slices);
  }

  add(now: number): void {
    this.#moveOn(now);
    const at = this.#newest % this.#slices.length;
    this.#slices[at] = (this.#slices[at] as number) + 1;
    this.#total++;
  }

  total(now: number): number {
    this.#moveOn(now);
    return this.#total;
  }

  clear(): void {
    this.#slices.fill(0);
    this.#total = 0;
  }

  #moveOn(now: number): void {
    const newest = Math.floor(now / this.#sliceMs);
    const first = Math.max(this.#newest + 1, newest - this.#slices.length + 1);
    for (let slice = first; slice <= newest; slice++) {
      const at = slice % this.#slices.length;
      this.#total -= this.#slices[at] as number;
      this.#slices[at] = 0;
    }
    this.#newest = newest;
  }
}
