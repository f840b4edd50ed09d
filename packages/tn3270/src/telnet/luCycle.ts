/** LU or pool names that are asked for, one after the other. */
export class LuCycle {
  readonly #names: readonly string[];
  #at = 0;

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** The name to ask for now; undefined when none was wanted or all have been tried. */
  get current(): string | undefined {
    return this.#names[this.#at];
  }

  /** Names were wanted and each has been tried. */
  get exhausted(): boolean {
    return this.#names.length > 0 && this.#at >= this.#names.length;
  }

  advance(): void {
    if (this.#at < this.#names.length) this.#at++;
  }

  restart(): void {
    this.#at = 0;
  }

  toString(): string {
    return this.#names.join(', ');
  }
}
