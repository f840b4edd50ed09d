import { createServer, type IncomingHttpHeaders, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import { chmod, lstat, unlink } from 'node:fs/promises';
import { FRAME_HEADER_BYTES, frameOf, MAX_MESSAGE_BYTES, messageOf } from '../contract/grpc/frame.ts';
import { RPC_STATUSES, type RpcStatus } from '../contract/grpc/status.ts';

/** Answers the bytes of one message with those of another. */
export type UnaryHandler = (message: Uint8Array) => Promise<Uint8Array>;

/** What a handler throws to answer with a status; anything else it throws is INTERNAL. */
export class RpcRefusal extends Error {
  override readonly name = 'RpcRefusal';
  readonly status: RpcStatus;

  constructor(status: RpcStatus, message: string) {
    super(message);
    this.status = status;
  }
}

export interface UnaryServer {
  /** Cuts the connections and gives the socket up. Idempotent. */
  close(): Promise<void>;
}

/**
 * Serves unary methods of gRPC on a Unix socket, for its owner alone. One that an earlier process has left there is
 * replaced. The server does not keep the process running. Rejects with what the system says.
 *
 * @param handlers by path: `/roundhouse.worker.v1.Worker/Ready`
 */
export async function serveUnary(path: string, handlers: ReadonlyMap<string, UnaryHandler>): Promise<UnaryServer> {
  await removeSocket(path);
  const sessions = new Set<Http2Session>();
  const server = createServer({ settings: { maxConcurrentStreams: 16 } });
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  // A connection that breaks concerns nobody here: whoever called knows.
  server.on('sessionError', () => {});
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    void answer(stream, headers, handlers);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  server.unref();
  await chmod(path, 0o600);
  let closed: Promise<void> | undefined;
  return {
    close: () =>
      (closed ??= new Promise((resolve) => {
        server.close(() => resolve());
        for (const session of sessions) session.destroy();
      })),
  };
}

async function removeSocket(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.isSocket() === true) await unlink(path);
}

async function answer(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  handlers: ReadonlyMap<string, UnaryHandler>,
): Promise<void> {
  const type = { ':status': 200, 'content-type': 'application/grpc+proto' };
  try {
    const path = headers[':path'] ?? '';
    const handler = handlers.get(path);
    if (handler === undefined) throw new RpcRefusal('UNIMPLEMENTED', `there is no ${path}`);
    const reply = frameOf(await handler(await read(stream)));
    if (stream.destroyed) return;
    stream.respond(type, { waitForTrailers: true });
    stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(reply);
  } catch (error) {
    if (stream.destroyed || stream.headersSent) return;
    const status = error instanceof RpcRefusal ? error.status : 'INTERNAL';
    const message = encodeURIComponent(error instanceof Error ? error.message : String(error));
    const code = String(RPC_STATUSES.indexOf(status));
    stream.respond({ ...type, 'grpc-status': code, 'grpc-message': message }, { endStream: true });
    stream.resume();
  }
}

async function read(stream: ServerHttp2Stream): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // The stream stays open behind the loop: the answer goes out on it.
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > FRAME_HEADER_BYTES + MAX_MESSAGE_BYTES) {
      throw new RpcRefusal('RESOURCE_EXHAUSTED', `the message has more than ${MAX_MESSAGE_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  try {
    return messageOf(Buffer.concat(chunks));
  } catch (error) {
    throw new RpcRefusal('INVALID_ARGUMENT', (error as Error).message);
  }
}
