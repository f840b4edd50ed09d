import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type FieldProblem, LIMITS, PROBLEM_MEDIA_TYPE, type Problem } from '@roundhouse/api';
import { coreError, isRoundhouseError, type Logger, type RoundhouseError } from '@roundhouse/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { serverError } from '../errors.ts';
import { traceOf } from '../trace/requests.ts';
import { traceFields } from '../trace/traceparent.ts';

/** A request that the schemas refused. */
export function validationFailed(errors: readonly FieldProblem[]): RoundhouseError {
  const first = errors[0];
  const place = first === undefined || first.pointer === '' ? 'the whole' : first.pointer;
  const text = first === undefined ? 'unknown' : `${first.in} ${place}: ${first.detail}`;
  return serverError('VALIDATION_FAILED', { details: { first: text, errors } });
}

/** The body of an error answer (RFC 9457). */
function problemOf(error: RoundhouseError, requestId: string, traceId?: string): Problem {
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
    ...(traceId === undefined ? {} : { trace_id: traceId }),
  };
}

/** Answers with a problem body, whatever was thrown. What nobody foresaw is logged and told without its message. */
export function sendProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply, log: Logger): void {
  const error = asRoundhouseError(thrown);
  if (error.code === 'INTERNAL') {
    const { url: route } = request.routeOptions;
    log.error('request failed', { request_id: request.id, route, error: thrown, ...traceFields(traceOf(request)) });
  }
  if (error.status === 401) reply.header('www-authenticate', CHALLENGES);
  const retryAfter = retryAfterSeconds(error);
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
  const { allow } = error.details;
  if (error.code === 'METHOD_NOT_ALLOWED' && typeof allow === 'string') reply.header('allow', allow);
  void reply
    .code(error.status)
    .header('content-type', PROBLEM_MEDIA_TYPE)
    .header('x-request-id', request.id)
    .send(JSON.stringify(problemOf(error, request.id, traceOf(request)?.traceId)));
}

/** RFC 6750 §3, RFC 7617 §2. */
const CHALLENGES = ['Bearer realm="roundhouse"', 'Basic realm="roundhouse", charset="UTF-8"'];

/** Wait before a request is sent again where nothing better is known, ms. */
const DEFAULT_RETRY_MS = 1_000;

/**
 * Seconds of Retry-After (RFC 9110 §10.2.3): for what is refused for a while, by the `retry_after_ms` or `retry_after_s` of its details. A
 * refusal that stays until somebody does something has none.
 */
function retryAfterSeconds({ status, retryable, details }: RoundhouseError): number | undefined {
  if (!retryable || (status !== 429 && status !== 503)) return undefined;
  const { retry_after_ms: waitMs, retry_after_s: waitS } = details;
  if (typeof waitS === 'number') return Math.max(1, Math.ceil(waitS));
  return Math.max(1, Math.ceil((typeof waitMs === 'number' ? waitMs : DEFAULT_RETRY_MS) / 1_000));
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

/** Failures of Node's parser that have a code of their own; any other is REQUEST_MALFORMED. */
const RAW_CODES = new Set(['HPE_HEADER_OVERFLOW', 'ERR_HTTP_REQUEST_TIMEOUT']);

/**
 * Answers what Node's parser or its time-outs refused (`clientError`), and ends the connection. A request whose answer
 * has begun gets no second one.
 */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket, nextId: () => string): void {
  // Node's own handler reads the same: https://nodejs.org/api/http.html#event-clienterror
  const { _httpMessage: answer } = socket as Socket & { readonly _httpMessage?: ServerResponse | null };
  if (socket.writable && error.code !== 'ECONNRESET' && answer?.headersSent !== true) {
    socket.write(rawProblem(error, nextId()));
  }
  socket.destroy();
}

/** The answer to bytes that are not HTTP, or that nobody reads, written to the socket itself. It ends the connection. */
export function rawProblem(error: { readonly code?: string | undefined }, requestId: string): string {
  const isKnown = isRoundhouseError(error) || RAW_CODES.has(error.code ?? '');
  const coded = isKnown
    ? asRoundhouseError(error)
    : serverError('REQUEST_MALFORMED', { details: { reason: 'it cannot be parsed' } });
  const body = JSON.stringify(problemOf(coded, requestId));
  const retryAfter = retryAfterSeconds(coded);
  return [
    `HTTP/1.1 ${coded.status} ${titleOf(coded.code)}`,
    `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    ...(retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`]),
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
