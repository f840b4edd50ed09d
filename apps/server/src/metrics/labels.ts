/** Names and values of the labels of one series. */
export type Labels = Readonly<Record<string, string>>;

/** What all labels say of the series that gathers those for which there is no room. */
const OTHER = 'other';

/** Series of one metric, `other` not counted; what lies beyond is added to it. */
const MAX_SERIES = 1_000;

/** The label sets of one metric: a caller's value can make no more series than there is room for. */
export class LabelSets {
  readonly #names: readonly string[];
  readonly #max: number;
  readonly #other: Labels;
  readonly #sets = new Map<string, Labels>();
  #refused = 0;

  constructor(names: readonly string[], max = MAX_SERIES) {
    this.#names = names;
    this.#max = max;
    this.#other = Object.fromEntries(names.map((name) => [name, OTHER]));
  }

  /** How often `other` was given out. */
  get refused(): number {
    return this.#refused;
  }

  /** The set that stands for `labels`: itself, or `other` when there are too many. */
  admit(labels: Labels): Labels {
    // Parted by a character that no sensible value has, so that two sets do not run into one.
    let key = '';
    for (const name of this.#names) key += `${labels[name] ?? ''}\u0000`;
    return this.admitAs(key, () => labels);
  }

  /** As `admit`, with a key that the caller has at hand; the same labels always come with the same key. */
  admitAs(key: string, labels: () => Labels): Labels {
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    if (this.#sets.size >= this.#max) {
      this.#refused++;
      return this.#other;
    }
    const admitted = labels();
    this.#sets.set(key, admitted);
    return admitted;
  }

  clear(): void {
    this.#sets.clear();
  }
}
