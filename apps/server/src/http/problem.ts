import { type FieldProblem, LIMITS, PROBLEM_MEDIA_TYPE, type Problem } from '@roundhouse/api';
import { coreError, isRoundhouseError, type Logger, type RoundhouseError } from '@roundhouse/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { serverError } from '../errors.ts';

/** A request that the schemas refused. */
export function validationFailed(errors: readonly FieldProblem[]): RoundhouseError {
  const first = errors[0];
  const place = first === undefined || first.pointer === '' ? 'the whole' : first.pointer;
  const text = first === undefined ? 'unknown' : `${first.in} ${place}: ${first.detail}`;
  return serverError('VALIDATION_FAILED', { details: { first: text, errors } });
}

/** The body of an error answer (RFC 9457). */
function problemOf(error: RoundhouseError, requestId: string): Problem {
  const { errors, ...details } = error.details as { errors?: FieldProblem[] };
  return {
    type: `urn:roundhouse:problem:${error.code}`,
    title: titleOf(error.code),
    status: error.status,
    detail: error.message,
    instance: `urn:roundhouse:request:${requestId}`,
    code: error.code,
    hint: error.hint,
    retryable: error.retryable,
    details,
    errors: errors ?? [],
  };
}

/** Answers with a problem body, whatever was thrown. What nobody foresaw is logged and told without its message. */
export function sendProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply, log: Logger): void {
  const error = asRoundhouseError(thrown);
  if (error.code === 'INTERNAL') {
    log.error('request failed', { request_id: request.id, route: request.routeOptions.url, error: stackOf(thrown) });
  }
  if (error.status === 401) reply.header('www-authenticate', 'Bearer realm="roundhouse"');
  const { allow } = error.details;
  if (error.code === 'METHOD_NOT_ALLOWED' && typeof allow === 'string') reply.header('allow', allow);
  void reply
    .code(error.status)
    .header('content-type', PROBLEM_MEDIA_TYPE)
    .send(JSON.stringify(problemOf(error, request.id)));
}

/** What Fastify and Node raise, as codes of the catalogue. */
function asRoundhouseError(thrown: unknown): RoundhouseError {
  if (isRoundhouseError(thrown)) return thrown;
  switch ((thrown as { code?: unknown } | null)?.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return serverError('BODY_TOO_LARGE', { details: { max_body_bytes: LIMITS.maxBodyBytes } });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_EMPTY_TYPE':
      return serverError('MEDIA_TYPE_UNSUPPORTED');
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return serverError('REQUEST_MALFORMED', {
        details: { reason: 'the body is not as long as Content-Length says' },
      });
    case 'FST_ERR_BAD_URL':
      return serverError('REQUEST_MALFORMED', { details: { reason: 'the path is not valid' } });
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return serverError('NOT_FOUND', { details: { path: 'this path' } });
    case 'HPE_HEADER_OVERFLOW':
      return serverError('HEADERS_TOO_LARGE');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return serverError('REQUEST_TIMEOUT');
    default:
      return coreError('INTERNAL', { details: { reason: 'an unexpected fault in the server' }, cause: thrown });
  }
}

/** The answer to bytes that are not HTTP, written to the socket itself. */
export function rawProblem(error: { readonly code?: string }, requestId: string): string {
  const known = error.code === 'HPE_HEADER_OVERFLOW' || error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const coded = known
    ? asRoundhouseError(error)
    : serverError('REQUEST_MALFORMED', { details: { reason: 'it cannot be parsed' } });
  const body = JSON.stringify(problemOf(coded, requestId));
  return [
    `HTTP/1.1 ${coded.status} ${titleOf(coded.code)}`,
    `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}

/** `SESSION_NOT_FOUND` → `Session not found`. */
function titleOf(code: string): string {
  const words = code.replaceAll('_', ' ').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : typeof thrown;
}
