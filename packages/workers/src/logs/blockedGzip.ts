import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';

/*
 * Gzip in blocks (BGZF: SAM format specification, §4.1): each block is a whole gzip member (RFC 1952 §2.3) whose extra
 * field says how long the member is. `zcat` reads the file as any other, and a reader goes to its end, or to any place in
 * it, by hopping from header to header.
 */

/** Bytes in each block but the last; a block that does not shrink has to fit into 64 KiB as well. */
export const BLOCK_BYTES = 65_280;
export const BLOCK_HEADER_BYTES = 18;
const TRAILER_BYTES = 8;
/** For text about a fifth in size, at some 100 MB/s. */
const LEVEL = 3;
/** The empty block that ends a file which is complete. */
export const END_BLOCK: Uint8Array = Buffer.from('1f8b08040000000000ff0600424302001b0003000000000000000000', 'hex');

/** One block; `bytes` are 1 … `BLOCK_BYTES` of them. Checked: it gives them back. */
export function compressBlock(bytes: Uint8Array): Buffer {
  let body = deflateRawSync(bytes, { level: LEVEL });
  if (body.byteLength > 65_536 - BLOCK_HEADER_BYTES - TRAILER_BYTES) body = deflateRawSync(bytes, { level: 0 });
  const block = Buffer.alloc(BLOCK_HEADER_BYTES + body.byteLength + TRAILER_BYTES);
  block.set(END_BLOCK.subarray(0, 16), 0);
  block.writeUInt16LE(block.byteLength - 1, 16);
  block.set(body, BLOCK_HEADER_BYTES);
  block.writeUInt32LE(crc32(bytes), block.byteLength - 8);
  block.writeUInt32LE(bytes.byteLength, block.byteLength - 4);
  if (Buffer.compare(decompressBlock(block), bytes) !== 0) throw new Error('A compressed block does not give its bytes back');
  return block;
}

/** Length of the block that begins with these bytes; undefined when it is none of ours. */
export function blockLength(header: Uint8Array): number | undefined {
  if (header.byteLength < BLOCK_HEADER_BYTES) return undefined;
  for (let at = 0; at < 4; at += 1) if (header[at] !== END_BLOCK[at]) return undefined;
  if (header[12] !== 0x42 || header[13] !== 0x43) return undefined;
  return ((header[16] as number) | ((header[17] as number) << 8)) + 1;
}

/** The bytes of a whole block. Throws when it is damaged. */
export function decompressBlock(block: Buffer): Buffer {
  const bytes = inflateRawSync(block.subarray(BLOCK_HEADER_BYTES, -TRAILER_BYTES), { maxOutputLength: 65_536 });
  if (crc32(bytes) !== block.readUInt32LE(block.byteLength - 8)) throw new Error('A block of a compressed log is damaged');
  return bytes;
}
