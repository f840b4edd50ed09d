import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { EventRecord } from '@roundhouse/api';
import type { Scope } from '@roundhouse/core';
import type { FastifyReply } from 'fastify';
import { noteStream } from '../audit/notes.ts';
import type { Identity } from '../identity/identity.ts';

/** How often a comment shows that the connection lives; a watcher that took nothing from one to the next is cut, ms. */
export const HEARTBEAT_MS = 15_000;
export const HEARTBEAT = ': alive\n\n';

/** Begins an answer of server-sent events (WHATWG HTML §9.2), which is the caller's to write and to end. */
export function openEventStream(reply: FastifyReply): ServerResponse {
  const headers = reply.getHeaders() as OutgoingHttpHeaders;
  const { raw } = reply.hijack();
  noteStream(reply.request);
  raw.writeHead(200, {
    ...headers,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-accel-buffering': 'no',
  });
  return raw;
}

/** Shows that the connection lives, until the scope ends. One that has taken nothing from one beat to the next is cut. */
export function keepAlive(raw: ServerResponse, scope: Scope): void {
  let writtenAtBeat = -1;
  const beats = async (): Promise<void> => {
    for (;;) {
      await scope.sleep(HEARTBEAT_MS);
      const written = raw.socket?.bytesWritten ?? 0;
      if (raw.writableNeedDrain && written === writtenAtBeat) raw.destroy();
      else if (!raw.writableNeedDrain) raw.write(HEARTBEAT);
      writtenAtBeat = written;
    }
  };
  // The end of the scope ends it.
  beats().catch(() => {});
}

/** Principals and keys are what their last record says; who watches was let in by the one before. */
export function isAccountOf({ principal, credential }: Identity, { type, subject }: EventRecord): boolean {
  if (type.startsWith('roundhouse.principal.')) return subject === principal;
  return type.startsWith('roundhouse.api_key.') && subject === credential;
}
