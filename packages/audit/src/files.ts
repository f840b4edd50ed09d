/**
 * The disk as the journal needs it. What is not here it does not do to its files; a test stands in for a disk that is
 * full, read-only, or fails. All raise the errors of Node.
 */
export interface JournalFiles {
  /** With its parents; no fault when it is there. For the owner alone. */
  makeDirectory(path: string): Promise<void>;
  /** Names in a directory, in no order. */
  list(directory: string): Promise<readonly string[]>;
  /** Undefined when there is none. */
  read(path: string): Promise<Buffer | undefined>;
  open(path: string): Promise<ReadFile>;
  /** A file to write at its end; `new` when there must be none before. For the owner alone. */
  append(path: string, existing: 'new' | 'any'): Promise<AppendFile>;
  /** Cuts a file off; durable. */
  truncate(path: string, length: number): Promise<void>;
  /** Other bytes in the place of its first; durable. */
  overwrite(path: string, bytes: Uint8Array): Promise<void>;
  /** No fault when there is none. */
  remove(path: string): Promise<void>;
  /** Makes durable what was created and removed in a directory. */
  syncDirectory(path: string): Promise<void>;
  /** Number of the file system that a path is on. */
  device(path: string): Promise<number>;
  /** Takes the directory for this process until `release`, or until it dies; the pid of the other when it is taken. */
  lock(directory: string): Promise<JournalLock | { readonly holder: number }>;
}

export interface JournalLock {
  /** Idempotent. */
  release(): Promise<void>;
}

export interface AppendFile {
  /** All of it, or an error: then some of it may be written. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when all that was written would survive a power cut (fdatasync). */
  sync(): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

export interface ReadFile {
  /** Up to `length` bytes from `position`; fewer at the end. */
  read(position: number, length: number): Promise<Buffer>;
  size(): Promise<number>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** A small file that is there whole, or not at all as far as anybody may rely on it. */
export async function writeNew(files: JournalFiles, path: string, bytes: Uint8Array): Promise<void> {
  const file = await files.append(path, 'new');
  try {
    await file.write(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
