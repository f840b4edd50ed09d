import { createCipheriv, createDecipheriv, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { auditError } from '../errors.ts';
import { sha256 } from '../proof/merkle.ts';

const CIPHER = 'aes-256-gcm';
const DIGEST_BYTES = 32;
const TAG_BYTES = 16;
export const DATA_KEY_BYTES = 32;

/**
 * Seals the records of one segment under its own key (AES-256-GCM, NIST SP 800-38D). A sealed body is
 *
 *   SHA-256 of the text | ciphertext | tag
 *
 * The digest in clear lets one record be shown and proven without a key. The nonce is the number of the record: it must
 * never be used twice with one key, so a segment whose writing failed is never written on.
 */
export interface SegmentCipher {
  /** Bytes that a body has beyond its text. */
  readonly overhead: number;
  /** Writes the body of `text` into `body`, which has the right length. */
  seal(text: string, seq: number, body: Buffer): void;
  /** The text of a body; raises AUDIT_DAMAGED. */
  open(body: Buffer, seq: number): string;
}

export function createSegmentCipher(dataKey: Uint8Array, journal: string, segment: number): SegmentCipher {
  const key = createSecretKey(dataKey);
  return {
    overhead: DIGEST_BYTES + TAG_BYTES,
    seal(text, seq, body) {
      const plain = Buffer.from(text);
      sha256(plain).copy(body);
      const cipher = createCipheriv(CIPHER, key, nonceOf(seq), { authTagLength: TAG_BYTES });
      cipher.setAAD(contextOf(journal, segment, seq));
      cipher.update(plain).copy(body, DIGEST_BYTES);
      cipher.final();
      cipher.getAuthTag().copy(body, body.length - TAG_BYTES);
    },
    open: (body, seq) => openBody(key, body, seq, contextOf(journal, segment, seq), segment),
  };
}

/** Tells which key a segment is sealed with, and nothing of it: it is 32 random bytes. */
export function keyDigest(dataKey: Uint8Array): string {
  return hash('sha256', Buffer.concat([Buffer.from('roundhouse audit data key\n'), dataKey]), 'base64');
}

function openBody(key: KeyObject, body: Buffer, seq: number, context: Buffer, segment: number): string {
  const decipher = createDecipheriv(CIPHER, key, nonceOf(seq), { authTagLength: TAG_BYTES }).setAAD(context);
  decipher.setAuthTag(body.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(body.subarray(DIGEST_BYTES, -TAG_BYTES)), decipher.final()]).toString();
  } catch (cause) {
    const details = { segment, offset: 0, reason: `record ${seq} does not open with the key of its segment` };
    throw auditError('AUDIT_DAMAGED', { details, cause });
  }
}

function nonceOf(seq: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(BigInt(seq), 4);
  return nonce;
}

function contextOf(journal: string, segment: number, seq: number): Buffer {
  return Buffer.from(`${journal}|${segment}|${seq}`);
}
