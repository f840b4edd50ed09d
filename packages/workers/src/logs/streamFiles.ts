import { closeSync, fstatSync, openSync, read, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CompressedSegment } from './compressedSegment.ts';
import type { Stream } from './contract.ts';
import { currentName, indexName, type SealedFile, sealedFiles, sealedName } from './layout.ts';
import { decodeIndexHeader, INDEX_HEADER_BYTES, INDEX_RECORD_BYTES, TimeIndex } from './timeIndex.ts';

const readFrom = promisify(read);
/** Bytes of one read. */
const READ_BYTES = 65_536;
/** A rotation may come in between; that many in a row do not. */
const MAX_ATTEMPTS = 20;

interface Current {
  readonly file: number;
  readonly inode: number;
  readonly from: number;
}

interface OpenSegment {
  readonly sealed: SealedFile;
  readonly file: number;
  readonly compressed: CompressedSegment | undefined;
}

interface LoadedIndex {
  readonly from: number;
  readonly isSealed: boolean;
  readonly index: TimeIndex;
  /** The time of bytes that no record is about. */
  readonly fallback: number;
}

/**
 * All files of a stream as one row of bytes, counted from the first it ever wrote; those of old segments that are gone
 * are skipped. Lists are read at once, since they have to fit to each other; bytes are waited for.
 */
export class StreamFiles implements Disposable {
  readonly #directory: string;
  readonly #stream: Stream;
  #sealed: readonly SealedFile[] = [];
  #current: Current | undefined;
  #opened: OpenSegment | undefined;
  #loaded: LoadedIndex | undefined;
  #end = 0;
  /** Whether bytes have been read since the index was: it has their time by then. */
  #isIndexBehind = false;

  constructor(directory: string, stream: Stream) {
    this.#directory = directory;
    this.#stream = stream;
    this.refresh();
  }

  /** Offset of the first byte that is kept. */
  get begin(): number {
    return this.#sealed[0]?.from ?? this.#current?.from ?? this.#end;
  }

  /** Offset behind the last byte there was at the last refresh. */
  get end(): number {
    return this.#end;
  }

  /** Looks again which files there are. */
  refresh(): void {
    for (let attempt = 1; !this.#look(); attempt += 1)
      if (attempt === MAX_ATTEMPTS) throw new Error('Its files change faster than they can be listed');
    this.#end =
      this.#current === undefined ? this.#sealedTo() : this.#current.from + fstatSync(this.#current.file).size;
  }

  /**
   * The bytes at `position`, as many as one read gives, or those behind a part that is gone; undefined at the end. The
   * end is that of now, not of the last refresh.
   */
  async read(position: number): Promise<{ readonly position: number; readonly bytes: Buffer } | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#read(position);
      } catch (error) {
        // Compressed or removed since it was listed.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === MAX_ATTEMPTS) throw error;
        this.refresh();
      }
    }
  }

  /** Whether the file that is written to is another than at the last refresh, or shorter than up to `position`. */
  hasMoved(position: number): boolean {
    const there = statSync(join(this.#directory, currentName(this.#stream)), { throwIfNoEntry: false });
    return (
      there?.ino !== this.#current?.inode || (there !== undefined && this.#fromOfCurrent() + there.size < position)
    );
  }

  /** When the byte was read, ms; where there is no index, when its file was last written to. */
  timeAt(position: number): number {
    const sealed = this.#sealed.find(({ from, to }) => from <= position && position < to);
    const from = sealed?.from ?? this.#fromOfCurrent();
    const loaded = this.#loaded;
    // Of the file that is written to the index grows: it is read on from where it ended.
    if (loaded === undefined || loaded.from !== from || loaded.isSealed !== (sealed !== undefined)) this.#load(sealed);
    else if (sealed === undefined && this.#isIndexBehind) this.#loadMore(loaded);
    this.#isIndexBehind = false;
    return this.#loaded?.index.timeAt(position - from) ?? this.#loaded?.fallback ?? 0;
  }

  /** Offset of the first byte that was read at the time or later. */
  firstSince(ms: number): number {
    for (const segment of [...this.#sealed, undefined]) {
      const loaded = this.#load(segment);
      if (loaded === undefined || loaded.fallback < ms) continue;
      const offset = loaded.index.count === 0 ? 0 : loaded.index.firstSince(ms);
      if (offset !== Infinity) return loaded.from + offset;
    }
    return this.#end;
  }

  /** Offset behind the last byte that was read at the time or earlier. */
  endUntil(ms: number): number {
    for (const segment of [undefined, ...this.#sealed.toReversed()]) {
      const loaded = this.#load(segment);
      if (loaded === undefined) continue;
      const { index, fallback, from } = loaded;
      const offset = index.count > 0 ? index.endUntil(ms) : fallback <= ms ? Infinity : 0;
      if (offset > 0) return Math.min(from + offset, segment?.to ?? this.#end);
    }
    return this.begin;
  }

  [Symbol.dispose](): void {
    if (this.#current !== undefined) closeSync(this.#current.file);
    this.#current = undefined;
    this.#closeOpened();
  }

  #sealedTo(): number {
    return this.#sealed.at(-1)?.to ?? 0;
  }

  #fromOfCurrent(): number {
    return this.#current?.from ?? this.#sealedTo();
  }

  /** False when a rotation came in between. */
  #look(): boolean {
    const path = join(this.#directory, currentName(this.#stream));
    const file = openIfThere(path);
    const from = file === undefined ? undefined : this.#indexedFrom(indexName(this.#stream));
    const inode = file === undefined ? undefined : fstatSync(file).ino;
    const names = namesIn(this.#directory);
    if (statSync(path, { throwIfNoEntry: false })?.ino !== inode) {
      if (file !== undefined) closeSync(file);
      return false;
    }
    if (this.#current !== undefined) closeSync(this.#current.file);
    const plain = sealedFiles(names, this.#stream, 'plain');
    const compressed = sealedFiles(names, this.#stream, 'compressed').filter(
      (each) => !plain.some((other) => other.from === each.from),
    );
    this.#sealed = [...plain, ...compressed].toSorted((a, b) => a.from - b.from);
    this.#current =
      file === undefined || inode === undefined
        ? undefined
        : { file, inode, from: Math.max(from ?? 0, this.#sealedTo()) };
    return true;
  }

  async #read(position: number): Promise<{ readonly position: number; readonly bytes: Buffer } | undefined> {
    const sealed = this.#sealed.find(({ to }) => to > position);
    if (sealed !== undefined) {
      const start = Math.max(position, sealed.from);
      const { file, compressed } = this.#openSealed(sealed);
      const bytes =
        compressed === undefined
          ? await readAt(file, start - sealed.from, READ_BYTES)
          : await compressed.read(start - sealed.from);
      // Shorter than its name says: somebody else has been at it.
      if (bytes.byteLength === 0) return this.#read(sealed.to);
      return { position: start, bytes };
    }
    if (this.#current === undefined) return undefined;
    const start = Math.max(position, this.#current.from);
    const bytes = await readAt(this.#current.file, start - this.#current.from, READ_BYTES);
    this.#isIndexBehind = true;
    return bytes.byteLength === 0 ? undefined : { position: start, bytes };
  }

  #openSealed(sealed: SealedFile): OpenSegment {
    if (this.#opened?.sealed.from === sealed.from) return this.#opened;
    this.#closeOpened();
    const file = openSync(join(this.#directory, sealedName(sealed)), 'r');
    const compressed =
      sealed.kind === 'compressed'
        ? new CompressedSegment((position, length) => readAt(file, position, length))
        : undefined;
    this.#opened = { sealed, file, compressed };
    return this.#opened;
  }

  #closeOpened(): void {
    if (this.#opened === undefined) return;
    closeSync(this.#opened.file);
    this.#opened.compressed?.[Symbol.dispose]();
    this.#opened = undefined;
  }

  #load(sealed: SealedFile | undefined): LoadedIndex | undefined {
    const from = sealed?.from ?? this.#fromOfCurrent();
    const name = sealed === undefined ? indexName(this.#stream) : sealedName({ ...sealed, kind: 'index' });
    const log = sealed === undefined ? currentName(this.#stream) : sealedName(sealed);
    const changed = statSync(join(this.#directory, log), { throwIfNoEntry: false });
    if (changed === undefined) return undefined;
    const index = new TimeIndex();
    const bytes = readIfThere(join(this.#directory, name));
    if (bytes !== undefined && decodeIndexHeader(bytes) === from) index.push(bytes.subarray(INDEX_HEADER_BYTES));
    this.#loaded = { from, isSealed: sealed !== undefined, index, fallback: changed.mtimeMs };
    return this.#loaded;
  }

  #loadMore({ from, index }: LoadedIndex): void {
    const path = join(this.#directory, indexName(this.#stream));
    if (index.count === 0 || this.#indexedFrom(indexName(this.#stream)) !== from) {
      this.#load(undefined);
      return;
    }
    const file = openIfThere(path);
    if (file === undefined) return;
    try {
      const at = INDEX_HEADER_BYTES + index.count * INDEX_RECORD_BYTES;
      const more = Buffer.alloc(Math.max(0, fstatSync(file).size - at));
      if (more.byteLength > 0) index.push(more.subarray(0, readSync(file, more, 0, more.byteLength, at)));
    } finally {
      closeSync(file);
    }
  }

  /** Where the segment of an index begins. */
  #indexedFrom(name: string): number | undefined {
    const file = openIfThere(join(this.#directory, name));
    if (file === undefined) return undefined;
    try {
      const header = Buffer.alloc(INDEX_HEADER_BYTES);
      return readSync(file, header, 0, header.byteLength, 0) === header.byteLength
        ? decodeIndexHeader(header)
        : undefined;
    } finally {
      closeSync(file);
    }
  }
}

async function readAt(file: number, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  const { bytesRead } = await readFrom(file, buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function openIfThere(path: string): number | undefined {
  return unlessAbsent(() => openSync(path, 'r'));
}

function readIfThere(path: string): Buffer | undefined {
  return unlessAbsent(() => readFileSync(path));
}

function namesIn(directory: string): readonly string[] {
  return unlessAbsent(() => readdirSync(directory)) ?? [];
}

function unlessAbsent<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
