import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { httpError } from '../errors.ts';
import { qualityOf, varyWith } from '../fields.ts';
import type { FieldValues, HttpHandler, HttpRequest, HttpResponse } from '../message.ts';
import { problem } from '../problem.ts';
import { isRangeCurrent, judgePreconditions, type Validators } from './conditional.ts';
import { mediaTypeOf } from './mediaType.ts';
import { type ByteRange, readRange } from './range.ts';

export interface StaticFilesOptions {
  /** The folder; nothing outside of it is served, also not through a link. */
  readonly folder: string;
  /** What the pattern of the route calls the path. Default `path`: `router.get('/files/*path', …)`. */
  readonly param?: string;
  /** Served for a folder. Default `index.html`; a folder without it is not there. */
  readonly index?: string;
  /** Whether names that begin with a dot are served. Default false; `.well-known` is. */
  readonly dotfiles?: boolean;
  /** Whether `name.zst` and `name.gz` beside a file are sent to clients that take them. Default false. */
  readonly precompressed?: boolean;
  /** Value of Cache-Control. Default `no-cache`: kept, and asked for again whether it has changed. */
  readonly cacheControl?: string;
}

const READ_BYTES = 65_536;
const ENCODINGS = [
  ['zstd', '.zst'],
  ['gzip', '.gz'],
] as const;

interface Opened {
  readonly file: FileHandle;
  readonly stats: Stats;
}

/** Serves the files of a folder: ranges, conditional requests, HEAD. What is not there, or not to be seen, is 404. */
export function staticFiles(options: StaticFilesOptions): HttpHandler {
  const { folder, param = 'path', index = 'index.html', precompressed = false, dotfiles = false } = options;
  const { cacheControl = 'no-cache' } = options;
  return async (request) => {
    const absent = problem(httpError('HTTP_ROUTE_NOT_FOUND', { details: { path: request.path } }));
    const names = safeNames(request.params[param] ?? '', dotfiles);
    if (names === undefined) return absent;
    const path = join(folder, ...names);
    let name = path;
    let opened = await openWithin(folder, path);
    if (opened === 'folder') {
      name = join(path, index);
      opened = await openWithin(folder, name);
    }
    if (opened === undefined || opened === 'folder') return absent;
    let extra: FieldValues = {};
    if (precompressed) {
      extra = { vary: varyWith(undefined, 'accept-encoding') };
      const smaller = await openCompressed(folder, name, request);
      if (smaller !== undefined) {
        await opened.file.close();
        opened = smaller;
        extra = { ...extra, 'content-encoding': smaller.encoding };
      }
    }
    return answer(request, opened, {
      'content-type': mediaTypeOf(name),
      'cache-control': cacheControl,
      'x-content-type-options': 'nosniff',
      ...extra,
    });
  };
}

/** The names of a path; undefined when one is not to be served. The path is decoded: a slash may have been hidden. */
function safeNames(path: string, dotfiles: boolean): string[] | undefined {
  if (path.includes('\0') || path.includes('\\')) return undefined;
  const names = path.split('/').filter((name) => name !== '');
  const isHidden = (name: string): boolean => name.startsWith('.') && !(dotfiles || name === '.well-known');
  return names.some((name) => name === '.' || name === '..' || isHidden(name)) ? undefined : names;
}

/** Opens a file that lies within the folder, wherever links lead; `folder` for a folder, undefined for anything else. */
async function openWithin(folder: string, path: string): Promise<Opened | 'folder' | undefined> {
  let file: FileHandle | undefined;
  try {
    const [root, real] = await Promise.all([realpath(folder), realpath(path)]);
    if (real !== root && !real.startsWith(root.endsWith(sep) ? root : root + sep)) return undefined;
    // Not through a link that has just taken its place; a pipe is not waited for.
    file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = await file.stat();
    if (stats.isFile()) {
      const opened = { file, stats };
      file = undefined;
      return opened;
    }
    return stats.isDirectory() ? 'folder' : undefined;
  } catch (error) {
    const { code = '' } = error as { code?: string };
    if (/^(ENOENT|ENOTDIR|EACCES|ELOOP|ENAMETOOLONG|ENXIO|EINVAL)$/.test(code)) return undefined;
    throw error;
  } finally {
    await file?.close();
  }
}

async function openCompressed(
  folder: string,
  name: string,
  { headers }: HttpRequest,
): Promise<(Opened & { readonly encoding: string }) | undefined> {
  for (const [encoding, suffix] of ENCODINGS) {
    if ((qualityOf(headers['accept-encoding'], encoding) ?? 0) === 0) continue;
    const opened = await openWithin(folder, name + suffix);
    if (opened !== undefined && opened !== 'folder') return { ...opened, encoding };
  }
  return undefined;
}

async function answer(request: HttpRequest, { file, stats }: Opened, headers: FieldValues): Promise<HttpResponse> {
  const length = stats.size;
  const modifiedAt = Math.floor(stats.mtimeMs / 1_000) * 1_000;
  const coding = String(headers['content-encoding'] ?? '');
  const etag = `"${stats.ino.toString(36)}-${length.toString(36)}-${Math.round(stats.mtimeMs).toString(36)}${coding}"`;
  const validators: Validators = { etag, modifiedAt };
  const fields: FieldValues = {
    ...headers,
    etag,
    'last-modified': new Date(modifiedAt).toUTCString(),
    'accept-ranges': 'bytes',
  };
  let isHandedOn = false;
  const send = (status: number, extra: FieldValues, parts: AsyncGenerator<Uint8Array>): HttpResponse => {
    isHandedOn = request.method !== 'HEAD';
    return { status, headers: { ...fields, ...extra }, body: isHandedOn ? closing(file, parts) : null };
  };
  try {
    const verdict = judgePreconditions(request.method, request.headers, validators);
    if (verdict === 'not-modified') return { status: 304, headers: { ...fields, 'content-type': undefined } };
    if (verdict === 'failed') return { status: 412, headers: { etag } };
    const { range } = request.headers;
    const mayBePart = range !== undefined && request.method === 'GET' && isRangeCurrent(request.headers, validators);
    const ranges = mayBePart ? readRange(range, length) : 'ignored';
    if (ranges === 'unsatisfiable') return { status: 416, headers: { 'content-range': `bytes */${length}` } };
    if (ranges === 'ignored') {
      return send(200, { 'content-length': length }, readRanges(file, [{ from: 0, to: length - 1 }]));
    }
    const [only] = ranges;
    if (ranges.length === 1 && only !== undefined) {
      const extra = { 'content-range': contentRange(only, length), 'content-length': only.to - only.from + 1 };
      return send(206, extra, readRanges(file, ranges));
    }
    const boundary = randomUUID();
    const heading = (range: ByteRange): string =>
      `\r\n--${boundary}\r\ncontent-type: ${headers['content-type'] as string}\r\ncontent-range: ${contentRange(range, length)}\r\n\r\n`;
    const end = `\r\n--${boundary}--\r\n`;
    const sum = ranges.reduce((total, each) => total + heading(each).length + each.to - each.from + 1, end.length);
    const type = `multipart/byteranges; boundary=${boundary}`;
    return send(206, { 'content-type': type, 'content-length': sum }, readRanges(file, ranges, { heading, end }));
  } finally {
    if (!isHandedOn) await file.close();
  }
}

function contentRange({ from, to }: ByteRange, length: number): string {
  return `bytes ${from}-${to}/${length}`;
}

/** Closes the file also when nobody has asked for the first part: a generator that has not begun ends without a word. */
function closing(file: FileHandle, parts: AsyncGenerator<Uint8Array>): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => parts.next(),
      return: async () => {
        await parts.return(undefined);
        await file.close();
        return { done: true, value: undefined };
      },
    }),
  };
}

/** The bytes of ranges, with what stands before each of several and behind them; closes the file. */
async function* readRanges(
  file: FileHandle,
  ranges: readonly ByteRange[],
  multipart?: { readonly heading: (range: ByteRange) => string; readonly end: string },
): AsyncGenerator<Uint8Array> {
  try {
    for (const range of ranges) {
      if (multipart !== undefined) yield Buffer.from(multipart.heading(range));
      for (let at = range.from; at <= range.to; ) {
        const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, range.to - at + 1));
        const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
        // It was cut while it was sent: the length that was told cannot be kept.
        if (bytesRead === 0) throw httpError('HTTP_BODY_INCOMPLETE');
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    }
    if (multipart !== undefined) yield Buffer.from(multipart.end);
  } finally {
    await file.close();
  }
}
