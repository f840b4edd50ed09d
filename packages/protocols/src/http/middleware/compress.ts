import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { createGzip, createZstdCompress, constants, gzip, zstdCompress } from 'node:zlib';
import { fieldText, listOf, qualityOf, varyWith } from '../fields.ts';
import type { HttpRequest, HttpResponse, Middleware, OutgoingBody } from '../message.ts';
import { withHeaders } from '../message.ts';

export interface CompressOptions {
  /** Whole bodies below it are sent as they are, bytes. Default 1,024. */
  readonly minBytes?: number;
}

const COMPRESSIBLE =
  /^(?:text\/(?!event-stream)|application\/(?:json|javascript|xml|[\w.-]+\+(?:json|xml))|image\/svg\+xml)/i;
const GZIP_LEVEL = 6;
const ZSTD_LEVEL = 3;
const asGzip = promisify(gzip);
const asZstd = promisify(zstdCompress);

/**
 * Compresses what is text and large enough, by zstd or gzip as the client prefers; never Brotli. A page that shows a
 * secret beside what an attacker can write into it leaks the secret by its compressed size (BREACH, CVE-2013-3587):
 * leave such routes out, or answer them with `cache-control: no-transform`.
 */
export function compress({ minBytes = 1_024 }: CompressOptions = {}): Middleware {
  return (next) => async (request, scope) => {
    const response = await next(request, scope);
    if (!isCompressible(response, minBytes)) return response;
    const vary = { vary: varyWith(response.headers, 'accept-encoding') };
    const encoding = preferredOf(request);
    if (encoding === undefined || request.method === 'HEAD') return withHeaders(response, vary);
    return withHeaders(
      { ...response, body: await encoded(response.body as NonNullable<OutgoingBody>, encoding) },
      {
        ...vary,
        'content-encoding': encoding,
        'content-length': undefined,
        etag: weak(fieldText(response.headers, 'etag')),
      },
    );
  };
}

function isCompressible({ status, headers, body = null }: HttpResponse, minBytes: number): boolean {
  if (body === null || status === 206 || status < 200 || fieldText(headers, 'content-encoding') !== undefined)
    return false;
  if (listOf(fieldText(headers, 'cache-control')).includes('no-transform')) return false;
  if (!COMPRESSIBLE.test(fieldText(headers, 'content-type') ?? '')) return false;
  if (typeof body === 'string') return Buffer.byteLength(body) >= minBytes;
  return !(body instanceof Uint8Array) || body.length >= minBytes;
}

function preferredOf({ headers }: HttpRequest): 'zstd' | 'gzip' | undefined {
  const accepted = headers['accept-encoding'];
  const any = qualityOf(accepted, '*') ?? 0;
  const zstd = qualityOf(accepted, 'zstd') ?? any;
  const byGzip = qualityOf(accepted, 'gzip') ?? any;
  if (zstd === 0 && byGzip === 0) return undefined;
  return zstd >= byGzip ? 'zstd' : 'gzip';
}

async function encoded(body: NonNullable<OutgoingBody>, encoding: 'zstd' | 'gzip'): Promise<OutgoingBody> {
  const zstd = { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } };
  if (typeof body === 'string' || body instanceof Uint8Array) {
    return encoding === 'zstd' ? asZstd(body, zstd) : asGzip(body, { level: GZIP_LEVEL });
  }
  const source = Readable.from(body, { objectMode: false });
  const through = encoding === 'zstd' ? createZstdCompress(zstd) : createGzip({ level: GZIP_LEVEL });
  source.on('error', (error) => through.destroy(error));
  through.once('close', () => source.destroy());
  return source.pipe(through);
}

/** Another form of the same content is the same only in meaning. RFC 9110 §8.8.1. */
function weak(etag: string | undefined): string | undefined {
  return etag === undefined || etag.startsWith('W/') ? etag : `W/${etag}`;
}
