/** How a secret looks wherever it is shown. */
const MASK = '[secret]';

/**
 * Text that must not be seen: logs, JSON, error messages and the inspector show a mask. Whoever needs it says so by
 * `reveal`. JavaScript cannot wipe text from memory; this keeps it out of sight, not out of a core dump.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The text itself: for the one place that sends or compares it. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [Symbol.toPrimitive](): string {
    return MASK;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return MASK;
  }
}
