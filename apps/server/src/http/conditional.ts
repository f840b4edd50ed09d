import type { FastifyReply, FastifyRequest } from 'fastify';
import { httpError } from './errors.ts';

/** A strong entity tag (RFC 9110 §8.8.3) of a version: `"17"`. */
export function etagOf(version: number | string): string {
  return `"${version}"`;
}

export interface ChangeCondition {
  /** Entity tag of the resource as it is; null when there is none. */
  readonly etag: string | null;
  /** A change without If-Match (or If-None-Match: *, which only creates) is refused. Default false. */
  readonly isRequired?: boolean;
}

/**
 * Holds a change to what its caller knows, before anything is done: RFC 9110 §13.2.2. If-Match compares strongly, so a
 * weak tag never matches; `If-None-Match: *` lets a PUT create and nothing else. Raises PRECONDITION_FAILED,
 * PRECONDITION_REQUIRED or PRECONDITION_INVALID.
 */
export function checkChange(request: FastifyRequest, { etag, isRequired = false }: ChangeCondition): void {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers;
  if (ifMatch !== undefined) {
    const isMatch = read('If-Match', ifMatch).matchesStrongly(etag);
    if (!isMatch) throw failed('If-Match', etag);
  } else if (ifNoneMatch !== undefined) {
    if (read('If-None-Match', ifNoneMatch).matchesWeakly(etag)) throw failed('If-None-Match', etag);
  } else if (isRequired && etag !== null) {
    const path = request.url.split('?', 1)[0];
    throw httpError('PRECONDITION_REQUIRED', { details: { method: request.method, path } });
  }
}

/**
 * Puts the entity tag on the answer to a GET; true when the caller has that version already: then `reply` is 304 and is
 * to be sent without a body. Raises PRECONDITION_FAILED or PRECONDITION_INVALID.
 */
export function isUnchanged(request: FastifyRequest, reply: FastifyReply, etag: string): boolean {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers;
  void reply.header('etag', etag);
  if (ifMatch !== undefined && !read('If-Match', ifMatch).matchesStrongly(etag)) throw failed('If-Match', etag);
  if (ifNoneMatch === undefined || !read('If-None-Match', ifNoneMatch).matchesWeakly(etag)) return false;
  void reply.code(304);
  return true;
}

interface EntityTags {
  matchesStrongly(etag: string | null): boolean;
  matchesWeakly(etag: string | null): boolean;
}

const ANY: EntityTags = {
  matchesStrongly: (etag) => etag !== null,
  matchesWeakly: (etag) => etag !== null,
};

/** `entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE`, etagc being visible characters but DQUOTE, and above. */
const TAG = /[\t ]*(?:(W\/)?("[!\u0023-\u007e\u0080-\u00ff]*"))?[\t ]*(?:,|$)/y;

/** Reads `*` or a list; empty members are allowed (RFC 9110 §5.6.1.2), an empty list is not. */
function read(field: string, value: string): EntityTags {
  if (value.trim() === '*') return ANY;
  const strong: string[] = [];
  const all: string[] = [];
  TAG.lastIndex = 0;
  while (TAG.lastIndex < value.length) {
    const match = TAG.exec(value);
    if (match === null) throw httpError('PRECONDITION_INVALID', { details: { field } });
    const [, weak, tag] = match;
    if (tag === undefined) continue;
    all.push(tag);
    if (weak === undefined) strong.push(tag);
  }
  if (all.length === 0) throw httpError('PRECONDITION_INVALID', { details: { field } });
  return {
    matchesStrongly: (etag) => etag !== null && strong.includes(etag),
    matchesWeakly: (etag) => etag !== null && all.includes(etag),
  };
}

function failed(field: string, etag: string | null): Error {
  return httpError('PRECONDITION_FAILED', { details: { field, etag: etag ?? 'none: it does not exist' } });
}
