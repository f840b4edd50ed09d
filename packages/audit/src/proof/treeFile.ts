import { auditError } from '../errors.ts';
import type { JournalFiles } from '../files.ts';
import type { SegmentCatalog } from '../segment/catalog.ts';
import type { LeafFiles } from './leafFiles.ts';
import { CompactRange, HASH_BYTES, nodeHash, type NodeReader, rootOf } from './merkle.ts';

/** Level of the nodes that are kept: each is the root of 1,024 leaves. */
const KEPT_LEVEL = 10;
const TILE = 2 ** KEPT_LEVEL;
/** Stands for a node over records that are not kept. */
const UNKNOWN = Buffer.alloc(HASH_BYTES);
/** Levels above it that are remembered once they were worked out: every fifth, so that no path costs more than 64 hashes. */
const REMEMBERED = 5;

/**
 * The nodes of the tree: those of level 10 in memory and in `tree`, 32 bytes for 1,024 records; what is below is worked out
 * from the leaves, what is above from these. As with the leaves, all of it can be made anew.
 */
export class TreeFile {
  readonly #files: JournalFiles;
  readonly #path: string;
  readonly #leaves: LeafFiles;
  readonly #catalog: SegmentCatalog;
  #kept: Buffer[] | undefined;
  /** How many of them are in the file. */
  #stored = 0;
  readonly #remembered = new Map<string, Buffer>();
  #isChecked = false;

  constructor(files: JournalFiles, path: string, leaves: LeafFiles, catalog: SegmentCatalog) {
    this.#files = files;
    this.#path = path;
    this.#leaves = leaves;
    this.#catalog = catalog;
  }

  /**
   * Reads complete nodes of the tree of `range`. The first time what is kept is compared with its root, and made anew when
   * it is another; raises AUDIT_DAMAGED when the segments themselves do not give that root.
   */
  async reader(range: CompactRange): Promise<NodeReader> {
    const read: NodeReader = (level, index) => this.#node(level, index, range.size);
    await this.#extend(range.size);
    if (this.#isChecked || range.size === 0) return read;
    if (!(await this.#agrees(range, read))) {
      this.#kept = [];
      this.#remembered.clear();
      await this.#files.remove(this.#path);
      this.#stored = 0;
      await this.#leaves.discard();
      await this.#extend(range.size);
      if (!(await this.#agrees(range, read))) {
        const reason = 'its records do not give the root of the tree';
        throw auditError('AUDIT_DAMAGED', { details: { segment: 0, offset: 0, reason } });
      }
    }
    this.#isChecked = true;
    return read;
  }

  /** Writes what is not in the file yet; never rejects. */
  async flush(): Promise<void> {
    const kept = this.#kept ?? [];
    if (kept.length === this.#stored) return;
    const more = kept.slice(this.#stored);
    try {
      const file = await this.#files.append(this.#path, 'any');
      try {
        await file.write(Buffer.concat(more));
      } finally {
        await file.close();
      }
      this.#stored += more.length;
    } catch {
      // What is half written would shift all behind it.
      await this.#files.remove(this.#path).catch(() => {});
      this.#stored = 0;
    }
  }

  async #agrees(range: CompactRange, read: NodeReader): Promise<boolean> {
    return (await rootOf(0, range.size, read)).equals(range.root());
  }

  /** Works out the nodes that records since the last time have completed. */
  async #extend(size: number): Promise<void> {
    const kept = (this.#kept ??= await this.#load());
    const complete = Math.floor(size / TILE);
    if (kept.length > complete && !this.#isChecked) {
      kept.length = complete;
      await this.#files.remove(this.#path);
      this.#stored = 0;
    }
    for (let index = kept.length; index < complete; index++) {
      const isPruned = (index + 1) * TILE <= this.#catalog.firstSeq(size);
      const node = isPruned ? UNKNOWN : await this.#lower(KEPT_LEVEL, index, size);
      // Another call may have been here meanwhile.
      kept[index] = node;
    }
    await this.flush();
  }

  async #load(): Promise<Buffer[]> {
    const bytes = (await this.#files.read(this.#path)) ?? Buffer.alloc(0);
    const count = Math.floor(bytes.length / HASH_BYTES);
    if (bytes.length % HASH_BYTES !== 0) await this.#files.truncate(this.#path, count * HASH_BYTES).catch(() => {});
    this.#stored = count;
    return Array.from({ length: count }, (_, index) => bytes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES));
  }

  async #node(level: number, index: number, next: number): Promise<Buffer> {
    if (level >= KEPT_LEVEL) return this.#upper(level, index);
    return this.#lower(level, index, next);
  }

  async #lower(level: number, index: number, next: number): Promise<Buffer> {
    const pruned = this.#pruned(level, index);
    if (pruned !== undefined) return pruned;
    const [from, to] = [index * 2 ** level, (index + 1) * 2 ** level];
    const isCut = from < this.#catalog.firstSeq(next) && level > 0;
    if (!isCut) return this.#leavesRoot(from, to, next);
    const left = await this.#lower(level - 1, index * 2, next);
    return nodeHash(left, await this.#lower(level - 1, index * 2 + 1, next));
  }

  async #leavesRoot(from: number, to: number, next: number): Promise<Buffer> {
    const range = new CompactRange();
    for (const leaf of await this.#leaves.hashes(from, to, next)) range.append(leaf);
    return range.root();
  }

  /**
   * A node over records that are not kept, where the first segment that is has it in its header: those are all that paths
   * to records which are kept ever need.
   */
  #pruned(level: number, index: number): Buffer | undefined {
    const header = this.#catalog.all[0]?.header;
    if (header === undefined || (index + 1) * 2 ** level > header.first_seq) return undefined;
    let from = 0;
    for (const root of header.range) {
      const size = 2 ** Math.floor(Math.log2(header.first_seq - from));
      if (size === 2 ** level && from === index * size) return Buffer.from(root, 'base64');
      from += size;
    }
    return undefined;
  }

  #upper(level: number, index: number): Buffer {
    const pruned = this.#pruned(level, index);
    if (pruned !== undefined) return pruned;
    if (level === KEPT_LEVEL) {
      const node = (this.#kept as Buffer[])[index];
      if (node !== undefined && !node.equals(UNKNOWN)) return node;
      const first = this.#catalog.firstSeq(index * TILE);
      throw auditError('AUDIT_PRUNED', { details: { seq: index * TILE, first } });
    }
    const isRemembered = level % REMEMBERED === 0;
    const name = `${level}/${index}`;
    const known = isRemembered ? this.#remembered.get(name) : undefined;
    if (known !== undefined) return known;
    const node = nodeHash(this.#upper(level - 1, index * 2), this.#upper(level - 1, index * 2 + 1));
    if (isRemembered) this.#remembered.set(name, node);
    return node;
  }
}
