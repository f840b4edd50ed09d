import type { Clock, Timer } from '@roundhouse/core';
import { LOCK } from './lock.ts';

/** A host that keeps deferring the unlock gets it after this long, as in the reference. */
const LONGEST_DEFERRAL_MS = 1000;

/** What a deferred unlock answers. Without any of these there is nothing to absorb and the restore has no effect. */
const DEFERRABLE = LOCK.DeferredUnlock | LOCK.Twait | LOCK.System | LOCK.AwaitingFirst;

export interface KeyboardLockListener {
  changed(bits: number): void;
  /** The deferred unlock took effect. */
  deferralEnded(): void;
}

/** The lock bits and the timer of the deferred unlock. */
export class KeyboardLock {
  readonly #clock: Clock;
  readonly #unlockDelayMs: number;
  readonly #listener: KeyboardLockListener;
  #bits: number = LOCK.NotConnected;
  #timer: Timer | undefined;
  /** Monotonic ms. */
  #deferredSince = 0;

  constructor(clock: Clock, unlockDelayMs: number, listener: KeyboardLockListener) {
    this.#clock = clock;
    this.#unlockDelayMs = unlockDelayMs;
    this.#listener = listener;
  }

  get bits(): number {
    return this.#bits;
  }

  has(bits: number): boolean {
    return (this.#bits & bits) !== 0;
  }

  set(bits: number): void {
    this.keep(~0, bits);
  }

  clear(bits: number): void {
    this.keep(~bits);
  }

  /** Drops all bits but `kept`, and sets `added`. */
  keep(kept: number, added = 0): void {
    const bits = (this.#bits & kept) | added;
    if ((bits & LOCK.DeferredUnlock) === 0) this.#timer?.cancel();
    if (bits === this.#bits) return;
    this.#bits = bits;
    this.#listener.changed(bits);
  }

  /** The host unlocks: at once, or after the delay. `transferring`: a file transfer runs and does not wait. */
  restore(transferring: boolean): void {
    // The rule for programs; asking for the time costs 2 % of a screen.
    if (this.#unlockDelayMs === 0 || transferring) {
      this.keep(LOCK.FileTransfer | LOCK.Bid);
      return;
    }
    const now = this.#clock.monotonic();
    const deferred = this.has(LOCK.DeferredUnlock);
    if (deferred && now - this.#deferredSince > LONGEST_DEFERRAL_MS) {
      this.keep(LOCK.FileTransfer | LOCK.Bid);
      return;
    }
    if (!this.has(DEFERRABLE)) return;
    if (!deferred) this.#deferredSince = now;
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(this.#unlockDelayMs, () => {
      this.clear(LOCK.DeferredUnlock);
      this.#listener.deferralEnded();
    });
    this.keep(LOCK.Bid, LOCK.DeferredUnlock);
  }
}
