import { serverError } from '../errors.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads a body as JSON; nothing at all is undefined. Raises BODY_INVALID without showing what was sent. */
export function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (cause) {
    throw serverError('BODY_INVALID', { details: { reason: 'it is not UTF-8' }, cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw serverError('BODY_INVALID', { details: { reason: placeOf(cause) }, cause });
  }
}

/** V8 says where the fault is, with an excerpt that stays here. */
function placeOf(error: unknown): string {
  const position = /at position \d+/.exec(error instanceof Error ? error.message : '');
  return position === null ? 'it ends too early or is not JSON at all' : `a fault ${position[0]}`;
}
