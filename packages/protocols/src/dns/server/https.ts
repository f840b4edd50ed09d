import type * as http2Module from 'node:http2';
import type { Http2Session, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { isRoundhouseError, type RoundhouseError } from '@roundhouse/core';
import { type Drainable, duplexOf, type NetRuntime, SessionCore, type Timeouts, type Transport } from '@roundhouse/net';
import type { StreamDesk } from './desk.ts';

const MEDIA_TYPE = 'application/dns-message';
const MAX_QUERY_BYTES = 4_096;
const MAX_STREAMS = 100;
/** Of no network: a transfer is many messages, and an answer of HTTP has place for one. */
const NO_TRANSFER_HOST = '';

/** HTTP/2 of Node; loaded when the first server or client needs it. */
export type Http2 = typeof http2Module;

/** Serves DNS over HTTPS (RFC 8484) on a connection that speaks HTTP/2. */
export function serveHttps(
  transport: Transport,
  path: string,
  desk: StreamDesk,
  timeouts: Timeouts,
  runtime: NetRuntime,
  http2: Http2,
): Drainable {
  const stream = duplexOf(transport);
  const session = http2.performServerHandshake(stream, {
    settings: { maxConcurrentStreams: MAX_STREAMS, maxHeaderListSize: 8_192 },
  });
  const core = new SessionCore({
    protocol: 'doh',
    role: 'server',
    peer: transport.peer,
    tls: transport.tls,
    runtime,
    timeouts,
    openedInMs: 0,
    destroy: () => {
      session.destroy();
      transport.destroy();
    },
    goodBye: () => closeSession(session),
    isExclusive: false,
  });
  let idle = runtime.clock.setTimer(timeouts.idleMs, () => void core.drain());
  const stayIdle = (): void => {
    idle.cancel();
    if (core.state === 'open') idle = runtime.clock.setTimer(timeouts.idleMs, () => void core.drain());
  };
  session.on('error', () => core.lost());
  session.on('close', () => core.lost());
  void core.closed.then(() => idle.cancel());
  session.on('stream', (request, headers) => {
    request.on('error', () => {});
    idle.cancel();
    void answer(core, request, headers, { path, desk, timeouts }).finally(stayIdle);
  });
  return core;
}

interface RequestPlace {
  readonly path: string;
  readonly desk: StreamDesk;
  readonly timeouts: Timeouts;
}

async function answer(
  core: SessionCore,
  request: ServerHttp2Stream,
  headers: NodeJS.Dict<string | string[]>,
  { path, desk, timeouts }: RequestPlace,
): Promise<void> {
  try {
    await core.operate(
      'query',
      core.scope,
      async (operation) => {
        const leave = operation.scope.onEnd(() => request.destroy());
        try {
          const asked = await queryOf(request, headers, path);
          if (typeof asked === 'number') return respond(request, asked);
          const send = async (message: Uint8Array): Promise<void> => {
            const cacheControl = { 'cache-control': 'no-store' };
            request.respond({ ':status': 200, 'content-type': MEDIA_TYPE, ...cacheControl });
            request.end(message);
          };
          if (!(await desk.serve(asked, NO_TRANSFER_HOST, send, operation.scope))) respond(request, 400);
          operation.sent('all');
        } finally {
          leave();
        }
      },
      { timeoutMs: timeouts.idleMs },
    );
  } catch (error) {
    if (!request.destroyed) request.destroy();
    if (!isRoundhouseError(error)) core.abort(error as RoundhouseError);
  }
}

/** The query of a request, or the status that it is refused with. RFC 8484 §4.1. */
async function queryOf(
  request: ServerHttp2Stream,
  headers: NodeJS.Dict<string | string[]>,
  path: string,
): Promise<Uint8Array | number> {
  const target = new URL(String(headers[':path']), 'https://localhost');
  if (target.pathname !== path) return 404;
  if (headers[':method'] === 'GET') {
    const text = target.searchParams.get('dns') ?? '';
    if (!/^[\w-]+$/.test(text) || text.length > (MAX_QUERY_BYTES * 4) / 3) return 400;
    return Buffer.from(text, 'base64url');
  }
  if (headers[':method'] !== 'POST') return 405;
  if (headers['content-type'] !== MEDIA_TYPE) return 415;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.byteLength;
    if (length > MAX_QUERY_BYTES) return 413;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function respond(request: ServerHttp2Stream, status: number): void {
  if (request.destroyed || request.headersSent) return;
  request.respond({ ':status': status }, { endStream: true });
}

function closeSession(session: ServerHttp2Session | Http2Session): Promise<void> {
  return new Promise((resolve) => {
    if (session.destroyed) return resolve();
    session.close(resolve);
  });
}
