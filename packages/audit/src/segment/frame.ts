import { HASH_BYTES, sha256 } from '../proof/merkle.ts';
import type { SegmentCipher } from './cipher.ts';

/**
 * A frame holds a record, or the footer of a segment:
 *
 *   u32be bytes of body | u64be seq | u8 flags | body | chain, 32 bytes
 *
 * chain = SHA-256(chain of the frame before, or digest of the header | all of this frame before its chain). The leaf of the
 * Merkle tree is `u64be seq | u8 flags | body`.
 */
export const FLAGS = { sealed: 1, footer: 2 } as const;

export const FRAME_HEAD_BYTES = 13;
const SEQ_OFFSET = 4;
const FLAGS_OFFSET = 12;
/** A record is at most 64 KiB, what seals it adds 48 bytes: a longer length is none. */
export const MAX_BODY_BYTES = 131_072;
const LEAF_PREFIX = 0;

export interface Frame {
  /** Of its first byte in the file. */
  readonly offset: number;
  readonly seq: number;
  readonly flags: number;
  /** Borrowed: copy to keep. */
  readonly body: Buffer;
  readonly chain: Buffer;
  /** All of it; borrowed too. */
  readonly bytes: Buffer;
}

/** Frames of records, ready to be written. */
export interface EncodedFrames {
  readonly bytes: Buffer;
  /** Chain behind each of them. */
  readonly chain: Buffer;
  /** Of each frame, from the first byte of these. */
  readonly offsets: readonly number[];
  readonly leaves: readonly Buffer[];
}

/** Frames for records `firstSeq` and on, behind `chain`. */
export function encodeRecords(
  texts: readonly string[],
  firstSeq: number,
  chain: Buffer,
  cipher: SegmentCipher | undefined,
): EncodedFrames {
  const overhead = cipher?.overhead ?? 0;
  const flags = cipher === undefined ? 0 : FLAGS.sealed;
  const lengths = texts.map((text) => Buffer.byteLength(text) + overhead);
  const total = lengths.reduce((sum, length) => sum + FRAME_HEAD_BYTES + length + HASH_BYTES, HASH_BYTES);
  // The chain before stands before the first frame, as each chain stands before the next: one input to hash.
  const buffer = Buffer.allocUnsafe(total);
  chain.copy(buffer);
  const offsets: number[] = [];
  const leaves: Buffer[] = [];
  let at = HASH_BYTES;
  for (const [index, text] of texts.entries()) {
    const length = lengths[index] as number;
    const end = at + FRAME_HEAD_BYTES + length;
    writeHead(buffer, at, length, firstSeq + index, flags);
    const body = buffer.subarray(at + FRAME_HEAD_BYTES, end);
    if (cipher === undefined) body.write(text, 'utf8');
    else cipher.seal(text, firstSeq + index, body);
    leaves.push(leafOf(buffer, at, end));
    sha256(buffer.subarray(at - HASH_BYTES, end)).copy(buffer, end);
    offsets.push(at - HASH_BYTES);
    at = end + HASH_BYTES;
  }
  return { bytes: buffer.subarray(HASH_BYTES), chain: Buffer.from(buffer.subarray(at - HASH_BYTES)), offsets, leaves };
}

/** The footer: `seq` is that of the record that would follow. */
export function encodeFooter(text: string, seq: number, chain: Buffer): { bytes: Buffer; chain: Buffer } {
  const length = Buffer.byteLength(text);
  const buffer = Buffer.alloc(HASH_BYTES + FRAME_HEAD_BYTES + length);
  chain.copy(buffer);
  writeHead(buffer, HASH_BYTES, length, seq, FLAGS.footer);
  buffer.write(text, HASH_BYTES + FRAME_HEAD_BYTES, 'utf8');
  const next = sha256(buffer);
  return { bytes: Buffer.concat([buffer.subarray(HASH_BYTES), next]), chain: next };
}

/** The frame at `at`; undefined when it does not end within `bytes`, `implausible` when no writer wrote such a length. */
export function decodeFrame(bytes: Buffer, at: number, fileOffset: number): Frame | undefined | 'implausible' {
  if (bytes.length < at + FRAME_HEAD_BYTES) return undefined;
  const length = bytes.readUInt32BE(at);
  if (length > MAX_BODY_BYTES) return 'implausible';
  const end = at + FRAME_HEAD_BYTES + length;
  if (bytes.length < end + HASH_BYTES) return undefined;
  return {
    offset: fileOffset,
    seq: bytes.readUInt32BE(at + SEQ_OFFSET) * 2 ** 32 + bytes.readUInt32BE(at + SEQ_OFFSET + 4),
    flags: bytes.readUInt8(at + FLAGS_OFFSET),
    body: bytes.subarray(at + FRAME_HEAD_BYTES, end),
    chain: bytes.subarray(end, end + HASH_BYTES),
    bytes: bytes.subarray(at, end + HASH_BYTES),
  };
}

/** What the chain of a frame has to be behind `previous`. */
export function chainOf(previous: Uint8Array, { bytes }: Frame): Buffer {
  return sha256(Buffer.concat([previous, bytes.subarray(0, -HASH_BYTES)]));
}

/** The hash of the leaf of a frame. */
export function frameLeaf({ bytes }: Frame): Buffer {
  return leafOf(Buffer.from(bytes), 0, bytes.length - HASH_BYTES);
}

function writeHead(buffer: Buffer, at: number, length: number, seq: number, flags: number): void {
  buffer.writeUInt32BE(length, at);
  buffer.writeUInt32BE(Math.floor(seq / 2 ** 32), at + SEQ_OFFSET);
  buffer.writeUInt32BE(seq % 2 ** 32, at + SEQ_OFFSET + 4);
  buffer.writeUInt8(flags, at + FLAGS_OFFSET);
}

/** Hashes in place: the byte before the leaf's data stands for the prefix of RFC 6962 for as long as that takes. */
function leafOf(buffer: Buffer, at: number, end: number): Buffer {
  const from = at + SEQ_OFFSET - 1;
  const saved = buffer[from] as number;
  buffer[from] = LEAF_PREFIX;
  const leaf = sha256(buffer.subarray(from, end));
  buffer[from] = saved;
  return leaf;
}
