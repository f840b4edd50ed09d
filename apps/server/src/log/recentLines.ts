import type { LineDestination } from './logger.ts';

const MAX_LINES = 2_000;
const MAX_CHARACTERS = 1_048_576;

/** The last lines, for whoever asks what happened just now. */
export class RecentLines implements LineDestination {
  /** A ring once it is full. */
  readonly #lines: string[] = [];
  #first = 0;
  #characters = 0;

  write(line: string): void {
    this.#lines.push(line);
    this.#characters += line.length;
    while (this.#lines.length - this.#first > MAX_LINES || this.#characters > MAX_CHARACTERS) {
      this.#characters -= (this.#lines[this.#first] as string).length;
      this.#lines[this.#first++] = '';
    }
    // Moved together now and then, so that dropping the oldest costs next to nothing.
    if (this.#first > MAX_LINES) this.#first -= this.#lines.splice(0, this.#first).length;
  }

  /** Oldest first, each with its line feed. */
  list(): readonly string[] {
    return this.#lines.slice(this.#first);
  }
}
