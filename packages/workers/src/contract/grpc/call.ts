import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectSocket, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Scope } from '@roundhouse/core';
import { formatAddress } from '@roundhouse/net';
import { workerError } from '../../errors.ts';
import { peerFailure } from '../../probe/peerFailure.ts';
import type { MessageType } from './message.ts';
import { FRAME_HEADER_BYTES, frameOf, MAX_MESSAGE_BYTES, messageOf } from './frame.ts';
import { RPC_STATUSES } from './status.ts';

/** Who is called: a Unix socket, or a port. The certificate of a port is not checked. */
export type RpcPeer =
  | { readonly path: string }
  | { readonly host: string; readonly port: number; readonly isTls: boolean };

export interface RpcMethod<Q, A> {
  /** As `grpc.health.v1.Health/Check`. */
  readonly name: string;
  readonly request: MessageType<Q>;
  readonly reply: MessageType<A>;
}

/**
 * Calls a unary method once, on a connection of its own that ends with the call.
 *
 * Rejects with RPC_FAILED for what the server says, a code of the network or PEER_NO_ANSWER for what it does not say,
 * and with the reason of the scope. gRPC over HTTP/2: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export async function callUnary<Q, A>(
  peer: RpcPeer,
  { name: method, request, reply }: RpcMethod<Q, A>,
  message: Q,
  scope: Scope,
): Promise<A> {
  using call = scope.child();
  call.throwIfEnded();
  const name = 'path' in peer ? peer.path : formatAddress(peer);
  const socket = open(peer);
  let isConnected = false;
  socket.once('connect', () => (isConnected = true));
  const scheme = 'path' in peer || !peer.isTls ? 'http' : 'https';
  const authority = 'path' in peer ? 'localhost' : name;
  const session = connect(`${scheme}://${authority}`, {
    createConnection: () => socket,
    settings: { enablePush: false },
  });
  call.onEnd(() => session.destroy());
  try {
    const answer = await call.race(ask(session, socket, method, request.encode(message), call));
    return reply.decode(readAnswer(answer, name, method));
  } catch (error) {
    scope.throwIfEnded();
    throw peerFailure(error, name, isConnected);
  }
}

function open(peer: RpcPeer): Socket {
  if ('path' in peer) return connectSocket({ path: peer.path });
  const { host, port, isTls } = peer;
  if (!isTls) return connectSocket({ host, port, noDelay: true });
  const serverName = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ host, port, ALPNProtocols: ['h2'], rejectUnauthorized: false, ...serverName });
}

interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
}

function ask(
  session: ClientHttp2Session,
  socket: Socket,
  method: string,
  message: Uint8Array,
  { deadline, clock }: Scope,
): Promise<Answer> {
  const leftMs = Math.max(1, Math.ceil(deadline - clock.monotonic()));
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    session.once('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': `/${method}`,
      te: 'trailers',
      'content-type': 'application/grpc+proto',
      'user-agent': 'roundhouse',
      // At most eight digits, as the specification has it.
      ...(leftMs <= 99_999_999 && { 'grpc-timeout': `${leftMs}m` }),
    });
    collect(stream, resolve, reject);
    stream.end(frameOf(message));
  });
}

function collect(
  stream: ClientHttp2Stream,
  resolve: (answer: Answer) => void,
  reject: (reason: unknown) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  stream.once('error', reject);
  stream.once('response', (received) => (headers = received));
  stream.once('trailers', (received) => (trailers = received));
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    chunks.push(chunk);
    if (bytes > FRAME_HEADER_BYTES + MAX_MESSAGE_BYTES) reject(new Error(`more than ${MAX_MESSAGE_BYTES} bytes`));
  });
  // `close` comes after the trailers, and also where the other side cuts the stream without a word.
  stream.once('close', () => resolve({ headers, trailers, body: Buffer.concat(chunks) }));
}

/** Where there is no message, the status stands in the headers: "Trailers-Only". */
function readAnswer({ headers, trailers, body }: Answer, peer: string, method: string): Uint8Array {
  const httpStatus = headers[':status'];
  const code = trailers['grpc-status'] ?? headers['grpc-status'];
  if (typeof code !== 'string') {
    throw new Error(
      httpStatus === undefined ? 'the connection ended' : `HTTP ${String(httpStatus)} without a gRPC status`,
    );
  }
  if (code === '0') return messageOf(body);
  const text = trailers['grpc-message'] ?? headers['grpc-message'];
  const reason = typeof text === 'string' && text !== '' ? decoded(text) : 'it gives no reason';
  const status = RPC_STATUSES[Number(code)] ?? `status ${code}`;
  throw workerError('RPC_FAILED', { details: { peer, method, rpc_status: status, reason } });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
