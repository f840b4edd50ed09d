import { hash } from 'node:crypto';
import { canonicalJson, type JsonObject } from '../record/canonical.ts';

/**
 * A segment is a file that only grows (docs/audit.md has the format):
 *
 *   header   "RHAS" | u8 1 | u32be length | canonical JSON | SHA-256 of all before
 *   frames   one after another, see frame.ts
 */
export interface SegmentHeader {
  readonly v: 1;
  readonly format: 'roundhouse-audit-segment';
  readonly journal: string;
  /** From 0, without gaps. */
  readonly segment: number;
  /** Number of the first record; also the size of the tree before it. */
  readonly first_seq: number;
  /** Chain behind the last frame of the segment before; zeros in the first. Base64, as all hashes here. */
  readonly previous_chain: string;
  /** Chain behind the last record before it; zeros when there is none. Footers and headers are not counted. */
  readonly record_chain: string;
  /** Root of the tree before this segment, and the roots of its largest complete subtrees, from the left. */
  readonly root: string;
  readonly range: readonly string[];
  /** RFC 3339. */
  readonly created: string;
  readonly boot: string;
  readonly reason: SegmentReason;
  /** How records are sealed; absent when they are not. The digest is that of the key: it tells which key it is. */
  readonly seal?: { readonly cipher: 'aes-256-gcm'; readonly key_digest: string };
  /** What was found broken before this segment was begun; the chain goes on from what could be read. */
  readonly damage?: { readonly segment: number; readonly offset: number; readonly reason: string };
}

/**
 * Why it was begun: an opening of the journal, the size or age of the one before, a command, a fault of the disk, damage
 * that was found.
 */
export type SegmentReason = 'open' | 'size' | 'age' | 'command' | 'fault' | 'damage';

const MAGIC = Buffer.from('RHAS');
const VERSION = 1;
const FIXED_BYTES = 9;
const DIGEST_BYTES = 32;
/** The roots of a tree of 2^53 leaves are less than 3 KiB. */
export const MAX_HEADER_BYTES = 16_384;

export interface DecodedHeader {
  readonly header: SegmentHeader;
  /** Where the chain begins. */
  readonly digest: Buffer;
  /** Of the file: where the first frame is. */
  readonly length: number;
}

export function encodeHeader(header: SegmentHeader): DecodedHeader & { readonly bytes: Buffer } {
  const text = Buffer.from(canonicalJson(header as unknown as JsonObject));
  const head = Buffer.alloc(FIXED_BYTES);
  MAGIC.copy(head);
  head.writeUInt8(VERSION, 4);
  head.writeUInt32BE(text.length, 5);
  const digest = hash('sha256', Buffer.concat([head, text]), 'buffer');
  const bytes = Buffer.concat([head, text, digest]);
  return { header, digest, length: bytes.length, bytes };
}

/** The header at the beginning of `bytes`; undefined when there is none that is whole and right. */
export function decodeHeader(bytes: Buffer): DecodedHeader | undefined {
  if (bytes.length < FIXED_BYTES || !bytes.subarray(0, 4).equals(MAGIC) || bytes[4] !== VERSION) return undefined;
  const textEnd = FIXED_BYTES + bytes.readUInt32BE(5);
  if (textEnd > MAX_HEADER_BYTES || bytes.length < textEnd + DIGEST_BYTES) return undefined;
  const digest = bytes.subarray(textEnd, textEnd + DIGEST_BYTES);
  if (!hash('sha256', bytes.subarray(0, textEnd), 'buffer').equals(digest)) return undefined;
  const header = JSON.parse(bytes.toString('utf8', FIXED_BYTES, textEnd)) as SegmentHeader;
  return { header, digest, length: textEnd + DIGEST_BYTES };
}
