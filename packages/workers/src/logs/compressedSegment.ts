import { BLOCK_BYTES, BLOCK_HEADER_BYTES, BlockDecompressor, blockLength } from './blockedGzip.ts';

/** Reads up to `length` bytes at `position`; fewer at the end. */
export type ReadAt = (position: number, length: number) => Promise<Buffer>;

/** Any part of a compressed segment, at the price of the blocks it is in. */
export class CompressedSegment implements Disposable {
  readonly #readAt: ReadAt;
  readonly #decompressor = new BlockDecompressor();
  /** Where each block begins in the file, as far as they have been walked; the last is where the next begins. */
  readonly #blocks: number[] = [0];
  #latest: { readonly block: number; readonly bytes: Buffer } | undefined;

  constructor(readAt: ReadAt) {
    this.#readAt = readAt;
  }

  /** Bytes from `offset` of the segment on, to the end of their block; none behind the last. */
  async read(offset: number): Promise<Buffer> {
    const block = Math.floor(offset / BLOCK_BYTES);
    if (this.#latest?.block !== block) {
      const position = await this.#find(block);
      const header = await this.#readAt(position, BLOCK_HEADER_BYTES);
      const length = blockLength(header);
      if (length === undefined) throw new Error('A compressed log is damaged');
      this.#latest = { block, bytes: await this.#decompressor.decompress(await this.#readAt(position, length)) };
    }
    return this.#latest.bytes.subarray(offset - block * BLOCK_BYTES);
  }

  [Symbol.dispose](): void {
    this.#decompressor[Symbol.dispose]();
  }

  async #find(block: number): Promise<number> {
    while (this.#blocks.length <= block) {
      const position = this.#blocks.at(-1) as number;
      const length = blockLength(await this.#readAt(position, BLOCK_HEADER_BYTES));
      if (length === undefined) throw new Error('A compressed log is damaged');
      this.#blocks.push(position + length);
    }
    return this.#blocks[block] as number;
  }
}
