import { httpError } from '../errors.ts';
import type { Middleware } from '../message.ts';

/** Lets the routes below take bodies of up to `maxBytes`, more or less than the server does. */
export function bodyLimit(maxBytes: number): Middleware {
  return (next) => (request, scope) => {
    const { body } = request;
    if (body.length !== null && body.length > maxBytes) {
      throw httpError('HTTP_BODY_TOO_LARGE', { details: { limit: maxBytes } });
    }
    body.maxBytes = maxBytes;
    return next(request, scope);
  };
}
