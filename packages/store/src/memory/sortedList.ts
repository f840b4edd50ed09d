/** Distinct values in ascending order; whoever adds in that order pays nothing for it. */
export class SortedList<T> {
  readonly #compare: (a: T, b: T) => number;
  readonly #values: T[] = [];

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  /** Borrowed: valid until the next change. */
  get values(): readonly T[] {
    return this.#values;
  }

  add(value: T): void {
    const index = this.#firstFrom(value);
    if (index === this.#values.length) this.#values.push(value);
    else if (this.#compare(this.#values[index] as T, value) !== 0) this.#values.splice(index, 0, value);
  }

  remove(value: T): void {
    const index = this.#firstFrom(value);
    if (index < this.#values.length && this.#compare(this.#values[index] as T, value) === 0) {
      this.#values.splice(index, 1);
    }
  }

  /** Values greater than `value`, at most `limit`. */
  behind(value: T, limit: number): T[] {
    let index = this.#firstFrom(value);
    if (index < this.#values.length && this.#compare(this.#values[index] as T, value) === 0) index++;
    return this.#values.slice(index, index + limit);
  }

  /** Index of the first value that is not less. */
  #firstFrom(value: T): number {
    let low = 0;
    let high = this.#values.length;
    if (high > 0 && this.#compare(this.#values[high - 1] as T, value) < 0) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(this.#values[middle] as T, value) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export const byNumber = (a: number, b: number): number => a - b;

/** Order of code points, which for characters beyond U+FFFF is not that of UTF-16 code units. */
export function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const [left, right] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (left === right) continue;
    const isLeftHalf = left >= 0xd800 && left <= 0xdfff;
    const isRightHalf = right >= 0xd800 && right <= 0xdfff;
    // Half of a pair stands for a code point above all single ones.
    return isLeftHalf === isRightHalf ? left - right : isLeftHalf ? 1 : -1;
  }
  return a.length - b.length;
}
