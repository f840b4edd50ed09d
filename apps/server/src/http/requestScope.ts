import type { Scope } from '@roundhouse/core';
import type { FastifyReply } from 'fastify';

/** A scope for one request: it ends when the caller goes away before the answer, or with the server. */
export function requestScope(reply: FastifyReply, server: Scope): Scope {
  const scope = server.child();
  const { raw } = reply;
  raw.once('close', () => scope.end());
  if (raw.destroyed) scope.end();
  return scope;
}
