import type { Sample } from './contract.ts';

/** In the order in which they are packed; NaN is null. */
const FIELDS = [
  'at',
  'processes',
  'threads',
  'cpuPercent',
  'cpuTimeMs',
  'rssBytes',
  'virtualBytes',
  'swapBytes',
  'fileDescriptors',
  'connections',
  'readBytes',
  'writeBytes',
  'readOps',
  'writeOps',
  'temporaryBytes',
  'logBytes',
] as const satisfies readonly (keyof Sample)[];

/** Samples of one instance that are kept at most, however short the interval: 460 kB. */
const MAX_SAMPLES = 3_600;
const FIRST_SAMPLES = 8;

/** The latest samples, packed: a thousand instances with an hour of them each take 46 MB, and not 150. */
export class SampleHistory {
  #retentionMs: number;
  #packed = new Float64Array(FIRST_SAMPLES * FIELDS.length);
  #first = 0;
  #length = 0;

  constructor(retentionMs: number) {
    this.#retentionMs = retentionMs;
  }

  set retentionMs(value: number) {
    this.#retentionMs = value;
  }

  /** Samples come in order of time. */
  push(sample: Sample): void {
    while (this.#length > 0 && (this.#packed[this.#offset(0)] as number) < sample.at - this.#retentionMs) this.#drop();
    if (this.#length === MAX_SAMPLES) this.#drop();
    if (this.#length === this.#capacity) this.#grow();
    const offset = this.#offset(this.#length++);
    for (const [index, field] of FIELDS.entries()) this.#packed[offset + index] = sample[field] ?? Number.NaN;
  }

  /** Oldest first. */
  since(at: number): readonly Sample[] {
    const samples: Sample[] = [];
    for (let index = 0; index < this.#length; index++) {
      const offset = this.#offset(index);
      if ((this.#packed[offset] as number) >= at) samples.push(this.#unpack(offset));
    }
    return samples;
  }

  get #capacity(): number {
    return this.#packed.length / FIELDS.length;
  }

  #offset(index: number): number {
    return ((this.#first + index) % this.#capacity) * FIELDS.length;
  }

  #drop(): void {
    this.#first = (this.#first + 1) % this.#capacity;
    this.#length--;
  }

  #grow(): void {
    const packed = new Float64Array(Math.min(this.#capacity * 2, MAX_SAMPLES) * FIELDS.length);
    const start = this.#first * FIELDS.length;
    packed.set(this.#packed.subarray(start));
    packed.set(this.#packed.subarray(0, start), this.#packed.length - start);
    this.#packed = packed;
    this.#first = 0;
  }

  #unpack(offset: number): Sample {
    const entries = FIELDS.map((field, index) => {
      const value = this.#packed[offset + index] as number;
      return [field, Number.isNaN(value) ? null : value];
    });
    // All fields of a sample are in the table, and those that cannot be null were pushed as numbers.
    return Object.fromEntries(entries) as Sample;
  }
}
