import { createHmac, timingSafeEqual } from 'node:crypto';
import { httpError } from './errors.ts';

/** What a cursor is good for: a list, and what it was narrowed to. */
export interface CursorScope {
  /** Name of the route. */
  readonly list: string;
  /** The query without `limit` and `cursor`; the order of names is of no account. Default: none. */
  readonly filters?: Readonly<Record<string, string | number | boolean | undefined>>;
}

/**
 * Cursors of lists: the place of the last item seen, signed, so that a caller can only send back what it was given, to
 * the list and with the filters it was given for. They hold no secret: whoever decodes one sees the place.
 */
export interface Cursors {
  /** `place`: at most 200 characters. The cursor has up to 4/3 of its bytes, and 23 characters more. */
  write(scope: CursorScope, place: string): string;
  /** The place. Raises CURSOR_INVALID. */
  read(scope: CursorScope, cursor: string): string;
  /** A place that is a whole number from 0. Raises CURSOR_INVALID. */
  readNumber(scope: CursorScope, cursor: string): number;
}

/** First byte; another layout gets another one. */
const VERSION = 1;
/** Bytes kept of HMAC-SHA256: a forger has one chance in 2^128 a try (RFC 2104 §5 allows half). */
const MAC_BYTES = 16;
const MAX_CURSOR_LENGTH = 1_100;

/** `key`: 32 bytes or more, one for each installation, so that cursors outlive a restart and are good on every node. */
export function createCursors(key: Uint8Array): Cursors {
  const sign = ({ list, filters = {} }: CursorScope, body: Uint8Array): Buffer => {
    const narrowed = Object.entries(filters)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, String(value)])
      .sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
    const hmac = createHmac('sha256', key)
      .update(JSON.stringify([list, narrowed]))
      .update('\0')
      .update(body);
    return hmac.digest().subarray(0, MAC_BYTES);
  };

  function read(scope: CursorScope, cursor: string): string {
    if (cursor.length > MAX_CURSOR_LENGTH || !/^[\w-]+$/.test(cursor)) throw invalid('it is not one that was given');
    const bytes = Buffer.from(cursor, 'base64url');
    const body = bytes.subarray(0, -MAC_BYTES);
    if (body.length < 1) throw invalid('it is not one that was given');
    if (body[0] !== VERSION) throw invalid('it is of another version');
    if (!timingSafeEqual(bytes.subarray(-MAC_BYTES), sign(scope, body))) {
      throw invalid('it was given for another list or other filters, or was changed');
    }
    return body.subarray(1).toString('utf8');
  }

  return {
    write(scope, place) {
      const body = Buffer.from(`${String.fromCharCode(VERSION)}${place}`, 'utf8');
      return Buffer.concat([body, sign(scope, body)]).toString('base64url');
    },
    read,
    readNumber(scope, cursor) {
      const place = read(scope, cursor);
      if (!/^\d{1,15}$/.test(place)) throw invalid('its place is not a number');
      return Number(place);
    },
  };
}

function invalid(reason: string): Error {
  return httpError('CURSOR_INVALID', { details: { reason } });
}
