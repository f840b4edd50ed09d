import type { KeyRing } from '@roundhouse/core';
import { auditError } from '../errors.ts';
import type { JournalFiles } from '../files.ts';
import type { Layout } from '../journal/layout.ts';
import { createSegmentCipher, keyDigest, type SegmentCipher } from './cipher.ts';
import { dataKeyContext, type SegmentInfo } from './log.ts';

/** Ciphers that are kept: a reader stays in one segment for long. */
const KEPT_CIPHERS = 8;

/** The segments that are there, in order, and the keys of those that are sealed. */
export class SegmentCatalog {
  readonly #files: JournalFiles;
  readonly #layout: Layout;
  readonly #keyRing: KeyRing | undefined;
  #segments: SegmentInfo[];
  /** Numbers of those whose key is gone. */
  readonly #erased: Set<number>;
  readonly #ciphers = new Map<number, SegmentCipher>();

  constructor(
    segments: readonly SegmentInfo[],
    erased: Iterable<number>,
    { files, layout, keyRing }: { files: JournalFiles; layout: Layout; keyRing: KeyRing | undefined },
  ) {
    this.#segments = [...segments];
    this.#erased = new Set(erased);
    this.#files = files;
    this.#layout = layout;
    this.#keyRing = keyRing;
  }

  get all(): readonly SegmentInfo[] {
    return this.#segments;
  }

  /** Number of the first record that is kept; `next` when none is. */
  firstSeq(next: number): number {
    return this.#segments[0]?.header.first_seq ?? next;
  }

  add(info: SegmentInfo): void {
    this.#segments.push(info);
  }

  remove(isRemoved: (info: SegmentInfo) => boolean): void {
    for (const info of this.#segments) if (isRemoved(info)) this.#ciphers.delete(info.header.segment);
    this.#segments = this.#segments.filter((info) => !isRemoved(info));
  }

  /** The number behind the last record of a segment, where `next` is that of the journal. */
  endOf(info: SegmentInfo, next: number): number {
    return this.#segments[this.#segments.indexOf(info) + 1]?.header.first_seq ?? next;
  }

  /** The segments with records from `from` to before `to`. */
  over(from: number, to: number, next: number): readonly SegmentInfo[] {
    return this.#segments.filter((info) => info.header.first_seq < to && this.endOf(info, next) > from);
  }

  /** What opens the records of a segment; undefined when its key is erased. Raises AUDIT_KEY_LOST, SEAL_*. */
  async cipherOf({ header: { segment, seal, journal } }: SegmentInfo): Promise<SegmentCipher | undefined> {
    const known = this.#ciphers.get(segment);
    if (known !== undefined) return known;
    const wrapped = await this.#files.read(this.#layout.dataKey(segment));
    if (wrapped === undefined) return undefined;
    const lost = (reason: string): Error =>
      auditError('AUDIT_KEY_LOST', { details: { directory: this.#layout.directory, reason } });
    if (this.#keyRing === undefined) throw lost(`segment ${segment} is sealed, and no key ring is given`);
    const key = Buffer.from(
      this.#keyRing.open(wrapped.toString(), dataKeyContext(journal, segment)).reveal(),
      'base64',
    );
    if (keyDigest(key) !== seal?.key_digest) throw lost(`the key of segment ${segment} is another one`);
    const cipher = createSegmentCipher(key, journal, segment);
    if (this.#ciphers.size >= KEPT_CIPHERS) this.#ciphers.clear();
    this.#ciphers.set(segment, cipher);
    return cipher;
  }

  isErased({ header }: SegmentInfo): boolean {
    return this.#erased.has(header.segment);
  }

  /** Before its key is destroyed. */
  forget(segment: number): void {
    this.#erased.add(segment);
    this.#ciphers.delete(segment);
  }
}
