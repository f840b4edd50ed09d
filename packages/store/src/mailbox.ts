import type { JsonObject } from './store.ts';

/** A message in the mailbox, without its text. */
export interface StoredMail {
  /** Unique; whoever wrote it has named it. */
  readonly id: string;
  /** Of the store, growing. */
  readonly number: number;
  /** When it was put into the mailbox, ms since 1970, by the clock of the store. */
  readonly keptAt: number;
  /** Of its text. */
  readonly bytes: number;
  /** Of its text, numbered from 0. */
  readonly pieces: number;
  /** What is known of it without its text. */
  readonly summary: JsonObject;
}

export interface MailQuery {
  /** Number that the page, newest first, begins before. */
  readonly before?: number;
  /** 1 … 1,000. */
  readonly limit: number;
}

export interface MailboxFigures {
  readonly messages: number;
  /** Of their texts. */
  readonly bytes: number;
  /** When the oldest of them was put there; null without any. */
  readonly oldestAt: number | null;
}

/**
 * Messages with their texts. A text is written in pieces, so that no message has to fit into memory, and nobody sees the
 * message before it is kept as a whole.
 */
export interface Mailbox {
  /**
   * Adds a piece, of 1 to 1,048,576 bytes, to a text: piece 0 begins it, at most 65,536 follow each other. Raises
   * MAIL_CONFLICT (nothing is written) for a piece that does not follow, and for a message that is kept.
   */
  write(id: string, piece: number, bytes: Uint8Array): Promise<void>;
  /** Puts a message that was written into the mailbox. Raises MAIL_CONFLICT for one that was not, or is there. */
  keep(id: string, summary: JsonObject): Promise<StoredMail>;
  /** Whether it was written, and neither kept nor removed. */
  isPending(id: string): Promise<boolean>;
  /** Undefined for one that is not in the mailbox. */
  get(id: string): Promise<StoredMail | undefined>;
  /** A piece of the text of a message in the mailbox; undefined behind the last. */
  read(id: string, piece: number): Promise<Uint8Array | undefined>;
  list(query: MailQuery): Promise<readonly StoredMail[]>;
  /** Of the mailbox; what is still being written does not count. */
  figures(): Promise<MailboxFigures>;
  /** Removes a message, kept or not; false for one that is not there. */
  remove(id: string): Promise<boolean>;
  /** Removes what was kept before a time, ms since 1970; returns how many. */
  purge(before: number): Promise<number>;
  /** Removes what was begun before a time, ms since 1970, and never kept; returns how many. */
  sweep(before: number): Promise<number>;
}
