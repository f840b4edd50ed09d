import { serverError } from '../errors.ts';
import { httpError } from './errors.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** How deep arrays and objects may nest: what walks a body may call itself that often. */
const MAX_DEPTH = 32;

/**
 * Reads a body as JSON; nothing at all is undefined. Raises BODY_INVALID and JSON_TOO_DEEP without showing what was
 * sent.
 */
export function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (cause) {
    throw serverError('BODY_INVALID', { details: { reason: 'it is not UTF-8' }, cause });
  }
  if (nestsDeeper(bytes, MAX_DEPTH)) throw httpError('JSON_TOO_DEEP', { details: { max_depth: MAX_DEPTH } });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw serverError('BODY_INVALID', { details: { reason: placeOf(cause) }, cause });
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Counts brackets outside strings. Bytes suffice: no part of a longer UTF-8 character looks like one of them. */
function nestsDeeper(bytes: Uint8Array, maxDepth: number): boolean {
  if (bytes.length <= maxDepth) return false;
  let depth = 0;
  let isText = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] as number;
    if (byte === QUOTE) isText = !isText;
    else if (isText) {
      if (byte === BACKSLASH) index++;
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      if (++depth > maxDepth) return true;
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth--;
  }
  return false;
}

/** V8 says where the fault is, with an excerpt that stays here. */
function placeOf(error: unknown): string {
  const position = /at position \d+/.exec(error instanceof Error ? error.message : '');
  return position === null ? 'it ends too early or is not JSON at all' : `a fault ${position[0]}`;
}
