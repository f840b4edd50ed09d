import type { Clock, KeyRing } from '@roundhouse/core';
import { type AppendFile, type JournalFiles, writeNew } from '../files.ts';
import type { Layout } from '../journal/layout.ts';
import { canonicalJson } from '../record/canonical.ts';
import type { RandomBytes } from '../record/digest.ts';
import type { Draft } from '../record/draft.ts';
import { createSegmentCipher, DATA_KEY_BYTES, keyDigest, type SegmentCipher } from './cipher.ts';
import { encodeFooter, encodeRecords } from './frame.ts';
import { encodeHeader, type SegmentHeader, type SegmentReason } from './header.ts';
import type { Tail } from './tail.ts';

/** A segment that is there. */
export interface SegmentInfo {
  readonly header: SegmentHeader;
  /** Of its header: where its first frame is. */
  readonly headerLength: number;
}

/** Records that have become durable. */
export interface Written {
  readonly segment: number;
  readonly firstSeq: number;
  /** Of each frame in the file. */
  readonly offsets: readonly number[];
  readonly leaves: readonly Buffer[];
}

export interface SegmentLogOptions {
  readonly journal: string;
  readonly boot: string;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

export interface SegmentLogDependencies {
  readonly clock: Clock;
  readonly files: JournalFiles;
  readonly layout: Layout;
  readonly randomBytes: RandomBytes;
  readonly keyRing: KeyRing | undefined;
  /** Hears of each segment that is begun, and of each that is taken back because nothing was written into it. */
  readonly onSegment: (info: SegmentInfo) => void;
  readonly onWithdrawn: (info: SegmentInfo) => void;
}

interface OpenSegment extends SegmentInfo {
  readonly path: string;
  readonly file: AppendFile;
  readonly cipher: SegmentCipher | undefined;
  readonly begunAt: number;
  /** The chain before it, which goes on from there should it be taken back. */
  readonly before: Tail;
  /** Bytes that are durable. */
  length: number;
  records: number;
}

/**
 * Writes records into segments, each durable when `append` resolves. The caller sees to it that one call at a time is under
 * way.
 *
 * After any fault a segment is cut to what was durable and not written on: whether what follows reached the disk is
 * unknown after a failed fdatasync (the kernel tells it once, and forgets), and no nonce may be used again. The next append
 * begins another.
 */
export class SegmentLog {
  readonly #options: SegmentLogOptions;
  readonly #deps: SegmentLogDependencies;
  #tail: Tail;
  #next: number;
  #reason: SegmentReason;
  #damage: SegmentHeader['damage'];
  #open: OpenSegment | undefined;
  /** Has still to be cut before anything else is written. */
  #abandoned: OpenSegment | undefined;

  /** Begins its first segment, `next`, with the first append or `begin`. */
  constructor(
    tail: Tail,
    next: number,
    damage: SegmentHeader['damage'],
    options: SegmentLogOptions,
    deps: SegmentLogDependencies,
  ) {
    this.#tail = tail;
    this.#next = next;
    this.#damage = damage;
    this.#reason = damage === undefined ? 'open' : 'damage';
    this.#options = options;
    this.#deps = deps;
  }

  get tail(): Tail {
    return this.#tail;
  }

  /** Raises Node's errors; then none of them is kept, and the caller may try again. */
  async append(drafts: readonly Draft[]): Promise<Written> {
    const due = this.#due();
    if (due !== undefined) await this.rotate(due);
    const segment = this.#open ?? (await this.begin());
    const { seq } = this.#tail;
    const texts = drafts.map((draft, index) => draft.text(seq + index));
    const { bytes, chain, offsets, leaves } = encodeRecords(texts, seq, this.#tail.chain, segment.cipher);
    await this.#write(segment, bytes);
    const range = this.#tail.range.copy();
    for (const leaf of leaves) range.append(leaf);
    this.#tail = { seq: seq + drafts.length, chain, recordChain: chain, range };
    const start = segment.length;
    segment.length += bytes.length;
    segment.records += drafts.length;
    return {
      segment: segment.header.segment,
      firstSeq: seq,
      offsets: offsets.map((offset) => start + offset),
      leaves,
    };
  }

  /** Ends the open segment, if there is one with records, and begins the next. */
  async rotate(reason: SegmentReason): Promise<void> {
    if (this.#open !== undefined && this.#open.records === 0) return;
    await this.end(reason);
    await this.begin();
  }

  /** Writes the footer and closes the file. What is durable stays so whatever comes of it. */
  async end(reason: SegmentReason): Promise<void> {
    const segment = this.#open;
    if (segment === undefined) return;
    this.#reason = reason;
    const text = canonicalJson({
      records: segment.records,
      root: this.#tail.range.root().toString('base64'),
      time: this.#time(),
    });
    const footer = encodeFooter(text, this.#tail.seq, this.#tail.chain);
    await this.#write(segment, footer.bytes);
    this.#tail = { ...this.#tail, chain: footer.chain };
    this.#open = undefined;
    await segment.file.close();
  }

  /** Begins the next segment, unless one is open. Raises Node's errors. */
  async begin(): Promise<OpenSegment> {
    await this.#settle();
    if (this.#open !== undefined) return this.#open;
    const { files, layout, clock } = this.#deps;
    const number = this.#next;
    const path = layout.segment(number);
    // No other has a number that is not given yet: what is there is left of an attempt.
    await Promise.all([path, layout.dataKey(number), layout.leaves(number)].map((each) => files.remove(each)));
    const cipher = await this.#storeDataKey(number);
    const encoded = encodeHeader(this.#headerOf(number, cipher?.digest));
    let file: AppendFile | undefined;
    try {
      file = await files.append(path, 'new');
      await file.write(encoded.bytes);
      await file.sync();
      await files.syncDirectory(layout.directory);
    } catch (error) {
      await file?.close().catch(() => {});
      throw error;
    }
    const before = this.#tail;
    const { header, length } = encoded;
    this.#open = {
      header,
      headerLength: length,
      path,
      file,
      cipher: cipher?.cipher,
      begunAt: clock.monotonic(),
      before,
      length,
      records: 0,
    };
    this.#next = number + 1;
    this.#damage = undefined;
    this.#tail = { ...before, chain: encoded.digest };
    this.#deps.onSegment(this.#open);
    return this.#open;
  }

  #due(): SegmentReason | undefined {
    const segment = this.#open;
    if (segment === undefined || segment.records === 0) return undefined;
    if (segment.length >= this.#options.maxBytes) return 'size';
    return this.#deps.clock.monotonic() - segment.begunAt >= this.#options.maxAgeMs ? 'age' : undefined;
  }

  async #write(segment: OpenSegment, bytes: Uint8Array): Promise<void> {
    try {
      await segment.file.write(bytes);
      await segment.file.sync();
    } catch (error) {
      this.#open = undefined;
      this.#abandoned = segment;
      this.#reason = 'fault';
      // Now if it can be; if not, before anything else is written.
      await this.#settle().catch(() => {});
      throw error;
    }
  }

  /** Cuts the abandoned segment to what was durable, or takes it away where that is nothing. */
  async #settle(): Promise<void> {
    const segment = this.#abandoned;
    if (segment === undefined) return;
    const { files, layout } = this.#deps;
    const { segment: number } = segment.header;
    await segment.file.close().catch(() => {});
    if (segment.records > 0) {
      await files.truncate(segment.path, segment.length);
    } else {
      await files.remove(segment.path);
      await files.syncDirectory(layout.directory);
      this.#tail = segment.before;
      this.#next = number;
      this.#damage = segment.header.damage;
      this.#reason = segment.header.reason;
      this.#deps.onWithdrawn(segment);
    }
    this.#abandoned = undefined;
  }

  #headerOf(segment: number, key_digest: string | undefined): SegmentHeader {
    const { range, seq, chain, recordChain } = this.#tail;
    return {
      v: 1,
      format: 'roundhouse-audit-segment',
      journal: this.#options.journal,
      segment,
      first_seq: seq,
      previous_chain: chain.toString('base64'),
      record_chain: recordChain.toString('base64'),
      root: range.root().toString('base64'),
      range: range.roots.map((root) => root.toString('base64')),
      created: this.#time(),
      boot: this.#options.boot,
      reason: this.#reason,
      ...(key_digest !== undefined && { seal: { cipher: 'aes-256-gcm', key_digest } as const }),
      ...(this.#damage !== undefined && { damage: this.#damage }),
    };
  }

  /** The key is on the disk before anything that it seals. */
  async #storeDataKey(number: number): Promise<{ cipher: SegmentCipher; digest: string } | undefined> {
    const { keyRing, files, layout, randomBytes } = this.#deps;
    if (keyRing === undefined) return undefined;
    const { journal } = this.#options;
    const key = Buffer.from(randomBytes(DATA_KEY_BYTES));
    const wrapped = keyRing.seal(key.toString('base64'), dataKeyContext(journal, number));
    await writeNew(files, layout.dataKey(number), Buffer.from(wrapped));
    const sealed = { cipher: createSegmentCipher(key, journal, number), digest: keyDigest(key) };
    key.fill(0);
    return sealed;
  }

  #time(): string {
    return new Date(this.#deps.clock.now()).toISOString();
  }
}

/** What the wrapped key of a segment is bound to. */
export function dataKeyContext(journal: string, segment: number): string {
  return `audit/${journal}/segment/${segment}`;
}
