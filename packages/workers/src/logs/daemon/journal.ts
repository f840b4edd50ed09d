import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@roundhouse/core';
import type { Stream } from '../contract.ts';
import { currentName, indexName, type SealedFile, sealedFiles, sealedName } from '../layout.ts';
import {
  decodeIndexHeader,
  encodeIndexHeader,
  encodeIndexRecord,
  INDEX_HEADER_BYTES,
  INDEX_RECORD_BYTES,
} from '../timeIndex.ts';

const LINE_END = 0x0a;
/** A segment ends with a line, which may take it over its size by so much; a line that is longer is cut. */
const MAX_OVERRUN_BYTES = 1_048_576;
/** Every read has a record of its own, unless it is of the same ms, as long as a segment has no more than so many … */
const FREE_RECORDS = 4_096;
/** … and one for each of these bytes … */
const BYTES_A_RECORD = 128;
/** … and no more than these for bytes; after that one is made when the last is so old. */
const MAX_BYTE_RECORDS = 65_536;
const MAX_RECORD_INTERVAL_MS = 250;
/** A segment with as many records (4 MiB) ends, whatever its size: a worker that writes single bytes. */
const MAX_RECORDS = 262_144;

export interface JournalOptions {
  readonly directory: string;
  readonly stream: Stream;
  readonly maxBytes: number;
}

export interface JournalDependencies {
  readonly clock: Pick<Clock, 'now'>;
  /** Whether the directory may be made again when somebody has removed it. */
  readonly isWanted: () => boolean;
  /** A segment is done. */
  readonly onSealed: () => void;
}

/**
 * The file that a stream is appended to, and its index. Every byte that `append` tells as written is in the file: a kill
 * at any moment leaves what the next journal goes on from.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #deps: JournalDependencies;
  #files: { readonly log: number; readonly index: number } | undefined;
  /** Offset in the stream of the segment's first byte. */
  #from = 0;
  #size = 0;
  #records = 0;
  #recordedAt = -Infinity;
  #lastByte = LINE_END;
  #fault: unknown;

  constructor(options: JournalOptions, deps: JournalDependencies) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Why the last `append` wrote less than it was given. */
  get fault(): unknown {
    return this.#fault;
  }

  /** Whether what has been written ends with a line end, or nothing has been. */
  get isAtLineStart(): boolean {
    return this.#lastByte === LINE_END;
  }

  /** Writes `bytes` from `start` to `end` and gives how many of them it wrote; fewer after a fault of the disk. */
  append(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    try {
      while (at < end) {
        if (this.#files === undefined) this.#open();
        this.#record();
        const cut = this.#cut(bytes, at, end);
        while (at < cut) {
          const written = writeSync((this.#files as { log: number }).log, bytes, at, cut - at);
          at += written;
          this.#size += written;
          this.#lastByte = bytes[at - 1] as number;
        }
        if (cut < end || this.#records >= MAX_RECORDS) this.#seal();
      }
      this.#fault = undefined;
    } catch (error) {
      this.#fault = error;
      // What is on the disk is what the next attempt goes on from.
      this.close();
    }
    return at - start;
  }

  close(): void {
    if (this.#files === undefined) return;
    closeSync(this.#files.log);
    closeSync(this.#files.index);
    this.#files = undefined;
  }

  /** Where the segment ends in these bytes: behind its last line that fits, or that is not done when it is full. */
  #cut(bytes: Uint8Array, start: number, end: number): number {
    const room = this.#options.maxBytes - this.#size;
    if (end - start <= room) return end;
    const last = room > 0 ? bytes.subarray(start, start + room).lastIndexOf(LINE_END) : -1;
    if (last !== -1) return start + last + 1;
    // The line can begin the next segment as well.
    if (this.isAtLineStart && this.#size > 0) return start;
    const limit = Math.min(end, start + Math.max(0, room + MAX_OVERRUN_BYTES));
    const next = bytes.subarray(start, limit).indexOf(LINE_END);
    return next === -1 ? limit : start + next + 1;
  }

  #record(): void {
    const now = this.#deps.clock.now();
    const isFree = this.#records < FREE_RECORDS + Math.min(this.#size / BYTES_A_RECORD, MAX_BYTE_RECORDS);
    // A clock that was set back has an age as well.
    if (Math.abs(now - this.#recordedAt) < (isFree ? 1 : MAX_RECORD_INTERVAL_MS)) return;
    this.#reopenIfMoved();
    this.#recordedAt = now;
    // A place of its own for each record: one that a full disk has cut is written over by the next.
    const position = INDEX_HEADER_BYTES + this.#records * INDEX_RECORD_BYTES;
    const record = encodeIndexRecord({ offset: this.#size, at: now });
    try {
      if (
        writeSync((this.#files as { index: number }).index, record, 0, record.byteLength, position) ===
        record.byteLength
      )
        this.#records += 1;
    } catch {
      // Times are less exact then; the bytes themselves tell whether the disk can be written to.
    }
  }

  /** Somebody may have removed, moved or emptied the file: what is written from now on goes where it is looked for. */
  #reopenIfMoved(): void {
    const { directory, stream } = this.#options;
    const { ino } = fstatSync((this.#files as { log: number }).log);
    const there = statSync(join(directory, currentName(stream)), { throwIfNoEntry: false });
    if (there?.ino !== ino) {
      const from = this.#from + this.#size;
      this.close();
      this.#open();
      if (this.#size === 0 && from > this.#from) this.#begin(from);
    } else if (there.size !== this.#size) {
      this.#begin(this.#from + Math.max(0, this.#size - there.size));
      this.#size = there.size;
    }
  }

  #open(): void {
    const { directory, stream } = this.#options;
    if (!this.#deps.isWanted()) throw new Error('The log of the worker has been removed');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#finishSeal();
    const sealedTo = this.#sealedLogs().reduce((to, file) => Math.max(to, file.to), 0);
    const log = openSync(join(directory, currentName(stream)), 'a+', 0o600);
    try {
      const flags = constants.O_RDWR | constants.O_CREAT;
      this.#files = { log, index: openSync(join(directory, indexName(stream)), flags, 0o600) };
    } catch (error) {
      closeSync(log);
      throw error;
    }
    this.#recover(fstatSync(log), sealedTo);
  }

  /** Takes up what a journal before this one has left. */
  #recover(log: Stats, sealedTo: number): void {
    const { log: logFile, index } = this.#files as { log: number; index: number };
    const last = Buffer.alloc(INDEX_RECORD_BYTES);
    this.#size = log.size;
    this.#lastByte = log.size > 0 && readSync(logFile, last, 0, 1, log.size - 1) === 1 ? (last[0] as number) : LINE_END;
    const header = Buffer.alloc(INDEX_HEADER_BYTES);
    const from =
      readSync(index, header, 0, header.byteLength, 0) === header.byteLength ? decodeIndexHeader(header) : undefined;
    if (from === undefined || from < sealedTo) {
      this.#begin(sealedTo);
      // A file that has no index has its own time at least.
      if (log.size > 0) {
        const record = encodeIndexRecord({ offset: 0, at: log.mtimeMs });
        writeSync(index, record, 0, record.byteLength, INDEX_HEADER_BYTES);
        this.#records = 1;
      }
      return;
    }
    this.#from = from;
    let records = Math.floor((fstatSync(index).size - INDEX_HEADER_BYTES) / INDEX_RECORD_BYTES);
    // Records stand before their bytes, which a kill has kept from being written.
    while (records > 0) {
      readSync(index, last, 0, last.byteLength, INDEX_HEADER_BYTES + (records - 1) * INDEX_RECORD_BYTES);
      if (last.readDoubleLE(0) < log.size) break;
      records -= 1;
    }
    ftruncateSync(index, INDEX_HEADER_BYTES + records * INDEX_RECORD_BYTES);
    this.#records = records;
    this.#recordedAt = -Infinity;
  }

  /** An empty index of a segment that begins there. */
  #begin(from: number): void {
    const { index } = this.#files as { index: number };
    ftruncateSync(index, 0);
    const header = encodeIndexHeader(from);
    writeSync(index, header, 0, header.byteLength, 0);
    this.#from = from;
    this.#records = 0;
    this.#recordedAt = -Infinity;
  }

  #seal(): void {
    const { directory, stream } = this.#options;
    const segment = { stream, from: this.#from, to: this.#from + this.#size };
    // In this order: an index without its log is what `#finishSeal` finds after a kill in between.
    renameSync(join(directory, currentName(stream)), join(directory, sealedName({ ...segment, kind: 'plain' })));
    this.close();
    this.#finishSeal();
    this.#deps.onSealed();
    this.#size = 0;
  }

  /** Gives an index that was left behind to the segment whose log has its name already. */
  #finishSeal(): void {
    const { directory, stream } = this.#options;
    const path = join(directory, indexName(stream));
    const header = readHeader(path);
    const from = header === undefined ? undefined : decodeIndexHeader(header);
    if (from === undefined) return;
    const log = this.#sealedLogs().find((file) => file.from === from);
    if (log !== undefined) renameSync(path, join(directory, sealedName({ ...log, kind: 'index' })));
  }

  #sealedLogs(): SealedFile[] {
    const names = readdirSync(this.#options.directory);
    const { stream } = this.#options;
    return [...sealedFiles(names, stream, 'plain'), ...sealedFiles(names, stream, 'compressed')];
  }
}

function readHeader(path: string): Buffer | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const header = Buffer.alloc(INDEX_HEADER_BYTES);
    return readSync(file, header, 0, header.byteLength, 0) === header.byteLength ? header : undefined;
  } finally {
    closeSync(file);
  }
}
