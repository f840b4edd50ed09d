import { Readable } from 'node:stream';
import { createGunzip, createInflate, createInflateRaw, createZstdDecompress, type Gunzip } from 'node:zlib';
import { httpError } from '../errors.ts';

/** What a client asks for and decodes. Never Brotli: the decoder of an unpatched runtime is not safe. */
export const ACCEPTED_ENCODINGS = 'zstd, gzip, deflate';

export interface DecodeLimits {
  /** Bytes that come out for one that goes in, once 1 MiB is out. Beyond it somebody means harm. */
  readonly maxRatio: number;
  readonly peer: string;
}

const FREE_BYTES = 1_048_576;

/** Whether content of this coding is decoded. */
export function isDecodable(encoding: string | undefined): encoding is 'gzip' | 'x-gzip' | 'deflate' | 'zstd' {
  return encoding !== undefined && /^(?:gzip|x-gzip|deflate|zstd)$/.test(encoding);
}

/** Decodes content part by part. Fails with HTTP_CONTENT_ENCODING for what is broken, cut, or too much. */
export async function* decodeContent(
  parts: AsyncIterable<Uint8Array>,
  encoding: 'gzip' | 'x-gzip' | 'deflate' | 'zstd',
  { maxRatio, peer }: DecodeLimits,
): AsyncGenerator<Uint8Array> {
  const refuse = (reason: string, cause?: unknown): Error =>
    httpError('HTTP_CONTENT_ENCODING', { details: { peer, reason }, cause });
  const iterator = parts[Symbol.asyncIterator]();
  let taken = 0;
  let failure: unknown;
  try {
    const first = await iterator.next();
    if (first.done === true) return;
    const decoder = decoderOf(encoding, first.value);
    const source = Readable.from(
      (async function* () {
        try {
          for (let next: IteratorResult<Uint8Array> = first; next.done !== true; next = await iterator.next()) {
            taken += next.value.length;
            yield next.value;
          }
        } catch (error) {
          failure = error;
          throw error;
        }
      })(),
    );
    source.on('error', (error) => decoder.destroy(error));
    source.pipe(decoder);
    let given = 0;
    try {
      for await (const part of decoder as AsyncIterable<Uint8Array>) {
        given += part.length;
        if (given > FREE_BYTES && given > taken * maxRatio) throw refuse(`it grows more than ${maxRatio} times`);
        yield part;
      }
    } catch (error) {
      if (failure !== undefined) throw failure;
      throw error instanceof Error && 'errno' in error ? refuse(error.message, error) : error;
    } finally {
      source.destroy();
      decoder.destroy();
    }
  } finally {
    await iterator.return?.();
  }
}

function decoderOf(encoding: string, first: Uint8Array): Gunzip {
  if (encoding === 'zstd') return createZstdDecompress() as unknown as Gunzip;
  if (encoding !== 'deflate') return createGunzip();
  // Many send it without the frame of zlib (RFC 9110 §8.4.1.2), whose first byte says the method 8.
  return ((first[0] ?? 0) & 0x0f) === 8 ? createInflate() : (createInflateRaw() as unknown as Gunzip);
}
