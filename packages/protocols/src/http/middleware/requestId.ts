import { randomUUID } from 'node:crypto';
import { afterwards, type Middleware, type Note, withHeaders } from '../message.ts';

/** Under it a handler finds the id of the request. */
export const requestIdNote: Note<string> = { name: 'request id' };

export interface RequestIdOptions {
  /** Whether an id that the client sends is taken over. Default false: it may be anybody's. */
  readonly trustClient?: boolean;
  /** Default: a random UUID. */
  readonly makeId?: () => string;
}

const ACCEPTABLE = /^[\w.:+/=-]{1,128}$/;

/** Gives each request an id, and tells it in `x-request-id`. */
export function requestId({ trustClient = false, makeId = randomUUID }: RequestIdOptions = {}): Middleware {
  return (next) => (request, scope) => {
    const given = request.headers['x-request-id'];
    const id = trustClient && given !== undefined && ACCEPTABLE.test(given) ? given : makeId();
    request.notes.set(requestIdNote, id);
    return afterwards(next(request, scope), (response) => withHeaders(response, { 'x-request-id': id }));
  };
}
