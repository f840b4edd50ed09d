import { listOf } from '../fields.ts';
import type { Fields } from '../message.ts';

/** What a representation is compared by. */
export interface Validators {
  /** With its quotation marks, e.g. `"abc"` or `W/"abc"`. */
  readonly etag: string;
  /** Whole seconds, ms since 1970. */
  readonly modifiedAt: number;
}

/** What the preconditions of a request make of it. */
export type Verdict = 'go' | 'not-modified' | 'failed';

const ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/;

/** Judges the preconditions of a request in their order (RFC 9110 §13.2.2). */
export function judgePreconditions(method: string, headers: Fields, { etag, modifiedAt }: Validators): Verdict {
  const isRead = method === 'GET' || method === 'HEAD';
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined) {
    if (ifMatch !== '*' && !listOf(ifMatch).some((tag) => strongly(tag, etag))) return 'failed';
  } else {
    const since = dateOf(headers['if-unmodified-since']);
    if (since !== undefined && modifiedAt > since) return 'failed';
  }
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined) {
    const isThere = ifNoneMatch === '*' || listOf(ifNoneMatch).some((tag) => opaque(tag) === opaque(etag));
    if (isThere) return isRead ? 'not-modified' : 'failed';
  } else if (isRead) {
    const since = dateOf(headers['if-modified-since']);
    if (since !== undefined && modifiedAt <= since) return 'not-modified';
  }
  return 'go';
}

/** Whether a range is of what the client has the rest of (RFC 9110 §13.1.5). */
export function isRangeCurrent(headers: Fields, { etag, modifiedAt }: Validators): boolean {
  const ifRange = headers['if-range'];
  if (ifRange === undefined) return true;
  if (ENTITY_TAG.test(ifRange)) return strongly(ifRange, etag);
  return dateOf(ifRange) === modifiedAt;
}

/** RFC 9110 §8.8.3.2: a weak tag is never strongly the same. */
function strongly(a: string, b: string): boolean {
  return a === b && !a.startsWith('W/') && ENTITY_TAG.test(a);
}

function opaque(tag: string): string {
  return tag.replace(/^W\//, '');
}

/** IMF-fixdate and the two obsolete forms (RFC 9110 §5.6.7); undefined for what is none, which is ignored. */
function dateOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined;
  const time = Date.parse(text.endsWith(' GMT') ? text : `${text} GMT`);
  return Number.isNaN(time) ? undefined : time;
}
