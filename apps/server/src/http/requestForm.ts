import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { serverError } from '../errors.ts';
import { httpError } from './errors.ts';
import { rawProblem } from './problem.ts';

/**
 * What Node lets through or answers without a body, held to the same form as the rest: HTTP/1.1 without Host (RFC 9112
 * §3.2), and a body where none is taken. Raises REQUEST_MALFORMED and BODY_UNEXPECTED.
 *
 * The server is made with `requireHostHeader: false`, or Node answers before this is asked.
 */
export function checkRequestForm(request: FastifyRequest, reply: FastifyReply, takesBody: boolean): void {
  const { headers } = request;
  // An offer that is not taken up (RFC 9110 §7.8) is answered like any request. But behind one Node 24 does not tell of
  // bytes on the same connection that are no HTTP, until a time-out ends them.
  if (headers.upgrade !== undefined) void reply.header('connection', 'close');
  if (headers.host === undefined && request.raw.httpVersion === '1.1') {
    throw serverError('REQUEST_MALFORMED', { details: { reason: 'it has no Host' } });
  }
  if (takesBody) return;
  const { 'content-length': length, 'transfer-encoding': coding } = headers;
  if (coding === undefined && (length === undefined || length === '0')) return;
  const path = request.url.split('?', 1)[0];
  throw httpError('BODY_UNEXPECTED', { details: { method: request.method, path } });
}

/**
 * Answers an Expect that is not `100-continue` (RFC 9110 §10.1.1), and CONNECT, with a problem body; Node would send a
 * bare 417, and cut the connection.
 */
export function answerStrangeRequests(server: Server, nextId: () => string): void {
  const refuse = (socket: Duplex | null, reason: string): void => {
    const text = rawProblem(serverError('REQUEST_MALFORMED', { details: { reason } }), nextId());
    // What still comes is read by nobody: without an end of it the connection would stay.
    socket?.on('error', () => socket.destroy()).end(text, () => socket.destroy());
  };
  server.on('checkExpectation', (_request, response) => refuse(response.socket, 'it expects what is not known'));
  server.on('connect', (_request, socket) => refuse(socket, 'CONNECT is for proxies'));
}
