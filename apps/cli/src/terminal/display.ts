import type { Clock, Timer } from '@roundhouse/core';
import type { Frame } from './frame.ts';
import { paint, type Palette } from './paint.ts';

const BELL = '\x07';

/** Where a display writes. */
export interface DisplayOutput {
  /** False: hold back until `drained` is told. */
  write(text: string): boolean;
}

/**
 * Keeps the terminal like the frame that `compose` gives. Many changes make one frame; while the terminal is slow to
 * take one, the next is not even composed.
 */
export class Display {
  readonly #output: DisplayOutput;
  readonly #compose: () => Frame;
  readonly #clock: Clock;
  readonly #palette: Palette;
  /** What the terminal shows, if that is known. */
  #painted: Frame | undefined;
  #timer: Timer | undefined;
  #isBlocked = false;
  #isClosed = false;

  constructor(output: DisplayOutput, palette: Palette, clock: Clock, compose: () => Frame) {
    this.#output = output;
    this.#palette = palette;
    this.#clock = clock;
    this.#compose = compose;
  }

  /** Something may look different now. */
  invalidate(): void {
    if (this.#timer !== undefined || this.#isBlocked || this.#isClosed) return;
    this.#timer = this.#clock.setTimer(0, () => {
      this.#timer = undefined;
      this.#paint();
    });
  }

  /** What the terminal shows is not known any more: all of it is painted again. */
  redraw(): void {
    this.#painted = undefined;
    this.invalidate();
  }

  ring(): void {
    if (!this.#isBlocked && !this.#isClosed) this.#write(BELL);
  }

  /** The output takes more again. */
  drained(): void {
    this.#isBlocked = false;
    this.invalidate();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #paint(): void {
    const frame = this.#compose();
    const bytes = paint(this.#painted, frame, this.#palette);
    this.#painted = frame;
    if (bytes !== '') this.#write(bytes);
  }

  #write(text: string): void {
    this.#isBlocked = !this.#output.write(text);
  }
}
