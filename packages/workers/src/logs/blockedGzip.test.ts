import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOCK_BYTES, BlockCompressor, BlockDecompressor, blockLength, END_BLOCK } from './blockedGzip.ts';

describe('blocks of gzip', () => {
  it('are gzip, tell their length, and give back any bytes', async () => {
    using compressor = new BlockCompressor();
    using decompressor = new BlockDecompressor();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 5_000 }), async (bytes) => {
        const block = await compressor.compress(bytes);
        expect(blockLength(block)).toBe(block.byteLength);
        expect(gunzipSync(block)).toEqual(Buffer.from(bytes));
        expect(await decompressor.decompress(block)).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('hold a whole block of bytes that do not shrink', async () => {
    using compressor = new BlockCompressor();
    using decompressor = new BlockDecompressor();
    const noise = new Uint8Array(BLOCK_BYTES);
    for (let i = 0, x = 1; i < noise.length; i += 1) {
      x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
      noise[i] = x >>> 24;
    }
    const block = await compressor.compress(noise);
    expect(block.byteLength).toBeGreaterThan(BLOCK_BYTES);
    expect(blockLength(block)).toBe(block.byteLength);
    expect(await decompressor.decompress(block)).toEqual(Buffer.from(noise));
    expect((await compressor.compress(Buffer.alloc(BLOCK_BYTES))).byteLength).toBeLessThan(1_000);
  });

  it('end with the empty block of the specification', () => {
    expect(blockLength(END_BLOCK)).toBe(28);
    expect(gunzipSync(END_BLOCK).byteLength).toBe(0);
  });

  it('are refused when they are damaged or somebody else’s', async () => {
    using compressor = new BlockCompressor();
    const block = await compressor.compress(Buffer.from('some text'));
    for (const at of [20, block.byteLength - 8, block.byteLength - 1]) {
      using decompressor = new BlockDecompressor();
      const damaged = Buffer.from(block);
      damaged[at] = (damaged[at] as number) ^ 0xff;
      await expect(decompressor.decompress(damaged)).rejects.toThrow();
    }
    expect(blockLength(block.subarray(0, 17))).toBeUndefined();
    expect(blockLength(Buffer.from('1f8b0800000000000003abcdef0000000000', 'hex'))).toBeUndefined();
  });
});
