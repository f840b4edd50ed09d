import { hash } from 'node:crypto';

/** Namespace of the names made here: a random UUID that never changes. */
const NAMESPACE = Buffer.from('8f0d6d1c7f1b4c0e9a52b6a4e3c1f7d2', 'hex');

/** UUID version 5 (RFC 9562 §5.5): the same words give the same one. */
export function uuidOf(...words: readonly string[]): string {
  const name = Buffer.from(JSON.stringify(words));
  const bytes = hash('sha1', Buffer.concat([NAMESPACE, name]), 'buffer').subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
