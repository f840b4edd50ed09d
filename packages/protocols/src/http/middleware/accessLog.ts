import { type Clock, isRoundhouseError, type Logger } from '@roundhouse/core';
import { afterwards, type HttpRequest, type Middleware } from '../message.ts';
import { requestIdNote } from './requestId.ts';

/**
 * Writes a line for each request when its answer is known: method, path without the query (which may hold secrets),
 * status, time. Where the answer is in parts they are sent afterwards.
 */
export function accessLog(deps: { readonly log: Logger; readonly clock: Clock }): Middleware {
  const { log, clock } = deps;
  const tell = (request: HttpRequest, startedAt: number, status: number, code?: string): void => {
    const { method, path, peer, version } = request;
    const elapsed_ms = Math.round((clock.monotonic() - startedAt) * 1_000) / 1_000;
    const request_id = request.notes.get(requestIdNote);
    log.info('request', {
      method,
      path,
      status,
      elapsed_ms,
      peer,
      version,
      ...(request_id && { request_id }),
      ...(code && { code }),
    });
  };
  const failed = (request: HttpRequest, startedAt: number, error: unknown): void =>
    isRoundhouseError(error)
      ? tell(request, startedAt, error.status, error.code)
      : tell(request, startedAt, 500, 'INTERNAL');
  return (next) => (request, scope) => {
    const startedAt = clock.monotonic();
    try {
      const response = afterwards(next(request, scope), (answer) => {
        tell(request, startedAt, answer.status);
        return answer;
      });
      if (response instanceof Promise) response.catch((error: unknown) => failed(request, startedAt, error));
      return response;
    } catch (error) {
      failed(request, startedAt, error);
      throw error;
    }
  };
}
