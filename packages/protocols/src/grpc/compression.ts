import { promisify } from 'node:util';
import type { Compression } from '@connectrpc/connect/protocol';
import type { Library } from './library.ts';

/** `gzip` whose output is bounded before it is there: a small message may not become a large one. */
export async function gzipCompression({ connect }: Library): Promise<Compression> {
  const { constants, gunzip, gzip } = await import('node:zlib');
  const [deflate, inflate] = [promisify(gzip), promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip)];
  const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => Uint8Array.from(bytes);
  return {
    name: 'gzip',
    compress: async (bytes) => owned(await deflate(bytes, { level: constants.Z_BEST_SPEED })),
    async decompress(bytes, maxBytes) {
      if (bytes.length === 0) return owned(bytes);
      try {
        return owned(await inflate(Buffer.from(bytes), { maxOutputLength: maxBytes }));
      } catch (cause) {
        const isTooLarge = (cause as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE';
        const { Code, ConnectError } = connect;
        if (isTooLarge) throw new ConnectError(`a message has more than ${maxBytes} bytes`, Code.ResourceExhausted);
        throw new ConnectError('a message is not what gzip makes', Code.Internal, undefined, undefined, cause);
      }
    },
  };
}
