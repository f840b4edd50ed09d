import type { Clock } from '@roundhouse/core';

/** A reader that goes on seeing the same is recorded again after this, ms. */
const AGAIN_MS = 60_000;
/** Readers and things that are remembered; the one that has been quiet for longest goes first, and is recorded anew. */
const MAX_REMEMBERED = 10_000;

interface Sight {
  readonly content: string;
  readonly at: number;
  repeats: number;
}

/**
 * Tells the first sight of something from looking at the same again: a program that polls a screen sees nothing new
 * until it changes, and a record of each look would bury those that say something.
 */
export class Repeats {
  readonly #clock: Clock;
  readonly #sights = new Map<string, Sight>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * `subject` is who looks at what, `content` stands for all that is seen. Returns how often the subject has looked at
   * what it saw before without being recorded, 0 or more; undefined when this look is one more of those.
   */
  look(subject: string, content: string): number | undefined {
    const now = this.#clock.monotonic();
    const known = this.#sights.get(subject);
    if (known !== undefined && known.content === content && now - known.at < AGAIN_MS) {
      known.repeats += 1;
      return undefined;
    }
    this.#sights.delete(subject);
    this.#sights.set(subject, { content, at: now, repeats: 0 });
    if (this.#sights.size > MAX_REMEMBERED) this.#sights.delete(this.#sights.keys().next().value as string);
    return known?.repeats ?? 0;
  }
}
