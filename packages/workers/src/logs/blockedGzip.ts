import { constants, crc32, createDeflateRaw, createInflateRaw, type DeflateRaw, type InflateRaw } from 'node:zlib';

/*
 * Gzip in blocks (BGZF: SAM format specification, §4.1): each block is a whole gzip member (RFC 1952 §2.3) whose extra
 * field says how long the member is. `zcat` reads the file as any other, and a reader goes to its end, or to any place in
 * it, by hopping from header to header.
 */

/** Bytes in each block but the last; what does not shrink fits into a block of 64 KiB with them, too. */
export const BLOCK_BYTES = 65_280;
export const BLOCK_HEADER_BYTES = 18;
const TRAILER_BYTES = 8;
const MAX_BLOCK_BYTES = 65_536;
/** For text about a fifth in size; higher ones take twice the time for a tenth less. */
const LEVEL = 3;
/** The empty block that ends a file which is complete. */
export const END_BLOCK: Uint8Array = Buffer.from('1f8b08040000000000ff0600424302001b0003000000000000000000', 'hex');

/** Length of the block that begins with these bytes; undefined when it is none of ours. */
export function blockLength(header: Uint8Array): number | undefined {
  if (header.byteLength < BLOCK_HEADER_BYTES) return undefined;
  for (let at = 0; at < 4; at += 1) if (header[at] !== END_BLOCK[at]) return undefined;
  if (header[12] !== 0x42 || header[13] !== 0x43) return undefined;
  return ((header[16] as number) | ((header[17] as number) << 8)) + 1;
}

/** Bytes out of blocks; one at a time. */
export class BlockDecompressor implements Disposable {
  readonly #inflate = createInflateRaw({ chunkSize: MAX_BLOCK_BYTES });

  /** The bytes of a whole block. Rejects when it is damaged. */
  async decompress(block: Buffer): Promise<Buffer> {
    const bytes = await convert(this.#inflate, block.subarray(BLOCK_HEADER_BYTES, -TRAILER_BYTES));
    if (
      bytes.byteLength !== block.readUInt32LE(block.byteLength - 4) ||
      crc32(bytes) !== block.readUInt32LE(block.byteLength - 8)
    )
      throw new Error('A block of a compressed log is damaged');
    return bytes;
  }

  [Symbol.dispose](): void {
    this.#inflate.destroy();
  }
}

/** Blocks out of bytes; one at a time. */
export class BlockCompressor implements Disposable {
  // One stream for all blocks: those of a block each would hold 300 kB until garbage is collected.
  readonly #deflate = createDeflateRaw({ level: LEVEL, chunkSize: MAX_BLOCK_BYTES });
  readonly #decompressor = new BlockDecompressor();

  /** One block of 1 … `BLOCK_BYTES` bytes, which are borrowed until it resolves. Rejects unless it gives them back. */
  async compress(bytes: Uint8Array): Promise<Buffer> {
    const body = await convert(this.#deflate, bytes);
    const block = Buffer.alloc(BLOCK_HEADER_BYTES + body.byteLength + TRAILER_BYTES);
    block.set(END_BLOCK.subarray(0, 16), 0);
    block.writeUInt16LE(block.byteLength - 1, 16);
    block.set(body, BLOCK_HEADER_BYTES);
    block.writeUInt32LE(crc32(bytes), block.byteLength - 8);
    block.writeUInt32LE(bytes.byteLength, block.byteLength - 4);
    await this.#decompressor.decompress(block);
    return block;
  }

  [Symbol.dispose](): void {
    this.#deflate.destroy();
    this.#decompressor[Symbol.dispose]();
  }
}

function convert(stream: DeflateRaw | InflateRaw, bytes: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    stream.reset();
    stream.once('error', reject);
    stream.write(bytes);
    stream.flush(constants.Z_FINISH, () => {
      stream.off('error', reject);
      const result: unknown = stream.read();
      resolve(Buffer.isBuffer(result) ? result : Buffer.alloc(0));
    });
  });
}
