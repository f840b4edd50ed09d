import { auditError } from '../errors.ts';
import type { AppendFile, JournalFiles } from '../files.ts';
import type { Layout } from '../journal/layout.ts';
import { Serial } from '../journal/serial.ts';
import type { SegmentCatalog } from '../segment/catalog.ts';
import { FLAGS, frameLeaf } from '../segment/frame.ts';
import { FrameReader } from '../segment/frameReader.ts';
import type { SegmentInfo, Written } from '../segment/log.ts';
import { HASH_BYTES } from './merkle.ts';

/** Entries that wait in memory until they are worth a write. */
const BUFFERED = 1_024;
/** u64be offset of the frame in its segment, hash of the leaf. */
const OFFSET_BYTES = 8;
const ENTRY_BYTES = OFFSET_BYTES + HASH_BYTES;

/**
 * Offset and leaf hash of each record, a file a segment, beside it. They spare reading segments whole; what is missing
 * there is made anew from the segment, and never trusted beyond what a proof is checked against.
 */
export class LeafFiles {
  readonly #files: JournalFiles;
  readonly #layout: Layout;
  readonly #catalog: SegmentCatalog;
  #open: { readonly segment: number; readonly file: AppendFile } | undefined;
  /** The segment whose file failed: it is made anew when it is closed. */
  #failed: number | undefined;
  #buffer: Written[] = [];
  #buffered = 0;
  readonly #serial = new Serial();

  constructor(files: JournalFiles, layout: Layout, catalog: SegmentCatalog) {
    this.#files = files;
    this.#layout = layout;
    this.#catalog = catalog;
  }

  /** Not durable, and no fault when it cannot be: all of it can be made anew. */
  append(written: Written): void {
    this.#buffer.push(written);
    this.#buffered += written.leaves.length;
    if (this.#buffered >= BUFFERED) void this.flush();
  }

  /** Writes what waits in memory; never rejects. */
  flush(): Promise<void> {
    if (this.#buffered === 0) return this.#serial.run(async () => {});
    const parts = this.#buffer;
    this.#buffer = [];
    this.#buffered = 0;
    return this.#serial.run(async () => {
      for (const { segment, offsets, leaves } of joined(parts)) await this.#write(segment, entriesOf(offsets, leaves));
    });
  }

  async #write(segment: number, entries: Buffer): Promise<void> {
    if (segment === this.#failed) return;
    try {
      if (this.#open?.segment !== segment) {
        await this.#closeFile();
        this.#open = { segment, file: await this.#files.append(this.#layout.leaves(segment), 'any') };
      }
      await this.#open.file.write(entries);
    } catch {
      this.#failed = segment;
      await this.#closeFile().catch(() => {});
    }
  }

  /** The hashes of leaves `from` to before `to`; `next` is the number of the next record. Raises AUDIT_PRUNED. */
  async hashes(from: number, to: number, next: number): Promise<readonly Buffer[]> {
    const hashes: Buffer[] = [];
    for (let at = from; at < to; ) {
      const info = this.#catalog.over(at, at + 1, next)[0];
      if (info === undefined) {
        throw auditError('AUDIT_PRUNED', { details: { seq: at, first: this.#catalog.firstSeq(next) } });
      }
      const end = Math.min(to, this.#catalog.endOf(info, next));
      for (const { leaf } of await this.#entries(info, at, end, next)) hashes.push(leaf);
      at = end;
    }
    return hashes;
  }

  /** Where in its segment the frame of a record begins. */
  async offsetOf(info: SegmentInfo, seq: number, next: number): Promise<number> {
    const [entry] = await this.#entries(info, seq, seq + 1, next);
    return (entry as Entry).offset;
  }

  /** Forgets what is there: it is made anew from the segments. */
  async discard(): Promise<void> {
    await this.close();
    for (const { header } of this.#catalog.all) await this.#files.remove(this.#layout.leaves(header.segment));
    this.#failed = this.#catalog.all.at(-1)?.header.segment;
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#serial.run(() => this.#closeFile());
  }

  async #closeFile(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.file.close();
  }

  async #entries(info: SegmentInfo, from: number, to: number, next: number): Promise<readonly Entry[]> {
    const { segment, first_seq } = info.header;
    await this.flush();
    const start = (from - first_seq) * ENTRY_BYTES;
    const length = (to - from) * ENTRY_BYTES;
    const bytes = segment === this.#failed ? Buffer.alloc(0) : await this.#readPart(segment, start, length);
    if (bytes.length === length) return decode(bytes);
    const entries = await this.#scan(info, this.#catalog.endOf(info, next));
    const isClosed = this.#catalog.all.at(-1) !== info;
    if (isClosed) await this.#store(segment, entries);
    return entries.slice(from - first_seq, to - first_seq);
  }

  async #readPart(segment: number, start: number, length: number): Promise<Buffer> {
    try {
      const file = await this.#files.open(this.#layout.leaves(segment));
      try {
        return await file.read(start, length);
      } finally {
        await file.close();
      }
    } catch {
      return Buffer.alloc(0);
    }
  }

  async #scan(info: SegmentInfo, end: number): Promise<readonly Entry[]> {
    const { segment, first_seq } = info.header;
    const file = await this.#files.open(this.#layout.segment(segment));
    const entries: Entry[] = [];
    try {
      const reader = new FrameReader(file, info.headerLength, await file.size());
      for (let frames = await reader.read(); frames.length > 0; frames = await reader.read()) {
        for (const frame of frames) {
          if ((frame.flags & FLAGS.footer) !== 0 || entries.length >= end - first_seq) continue;
          entries.push({ offset: frame.offset, leaf: frameLeaf(frame) });
        }
      }
      if (entries.length === end - first_seq) return entries;
      const details = {
        segment,
        offset: reader.offset,
        reason: `it has ${entries.length} records of ${end - first_seq}`,
      };
      throw auditError('AUDIT_DAMAGED', { details });
    } finally {
      await file.close();
    }
  }

  async #store(segment: number, entries: readonly Entry[]): Promise<void> {
    const path = this.#layout.leaves(segment);
    try {
      await this.#files.remove(path);
      const file = await this.#files.append(path, 'new');
      try {
        await file.write(
          entriesOf(
            entries.map(({ offset }) => offset),
            entries.map(({ leaf }) => leaf),
          ),
        );
      } finally {
        await file.close();
      }
      if (this.#failed === segment) this.#failed = undefined;
    } catch {
      // Made anew the next time: nothing is lost.
    }
  }
}

/** Parts of the same segment as one. */
function joined(parts: readonly Written[]): readonly Pick<Written, 'segment' | 'offsets' | 'leaves'>[] {
  return [...new Set(parts.map(({ segment }) => segment))].map((segment) => {
    const own = parts.filter((part) => part.segment === segment);
    return { segment, offsets: own.flatMap(({ offsets }) => offsets), leaves: own.flatMap(({ leaves }) => leaves) };
  });
}

interface Entry {
  readonly offset: number;
  readonly leaf: Buffer;
}

function entriesOf(offsets: readonly number[], leaves: readonly Buffer[]): Buffer {
  const bytes = Buffer.alloc(leaves.length * ENTRY_BYTES);
  for (const [index, leaf] of leaves.entries()) {
    bytes.writeBigUInt64BE(BigInt(offsets[index] as number), index * ENTRY_BYTES);
    leaf.copy(bytes, index * ENTRY_BYTES + OFFSET_BYTES);
  }
  return bytes;
}

function decode(bytes: Buffer): readonly Entry[] {
  return Array.from({ length: bytes.length / ENTRY_BYTES }, (_, index) => {
    const at = index * ENTRY_BYTES;
    return {
      offset: Number(bytes.readBigUInt64BE(at)),
      leaf: bytes.subarray(at + OFFSET_BYTES, at + ENTRY_BYTES),
    };
  });
}
