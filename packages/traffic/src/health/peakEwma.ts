/**
 * Moving average of response times that jumps to a peak at once and comes down slowly: a slow endpoint is avoided from
 * its first slow answer. It decays while nothing is measured, so that an endpoint that is avoided is tried again.
 * Source: Finagle, `com.twitter.finagle.loadbalancer.PeakEwma`, without its factor of requests in flight, which is the
 * balancer's.
 */
export class PeakEwma {
  #decayMs: number;
  #value = Number.NaN;
  #observedAt = 0;

  /** `decayMs`: a peak comes down to 1/e of itself in this time. */
  constructor(decayMs: number) {
    this.#decayMs = decayMs;
  }

  /** Takes another decay from `now` on, which is monotonic. */
  configure(decayMs: number, now: number): void {
    this.#value = this.valueAt(now);
    this.#observedAt = now;
    this.#decayMs = decayMs;
  }

  /** `now` is monotonic. Values that are no durations are left out: one of them would stay for ever. */
  observe(responseMs: number, now: number): void {
    if (!(responseMs >= 0 && responseMs < Infinity)) return;
    const decayed = this.valueAt(now);
    // Weight by the time since the last value: they come unevenly spaced.
    const kept = Math.exp(-this.#idleMs(now) / this.#decayMs);
    this.#value = this.#value > responseMs ? decayed + responseMs * (1 - kept) : responseMs;
    this.#observedAt = now;
  }

  /** ms; NaN before the first value. */
  valueAt(now: number): number {
    return this.#value * Math.exp(-this.#idleMs(now) / this.#decayMs);
  }

  #idleMs(now: number): number {
    return Math.max(now - this.#observedAt, 0);
  }
}
