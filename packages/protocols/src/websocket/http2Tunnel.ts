import { Socket } from 'node:net';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import type { Scope } from '@roundhouse/core';
import {
  type Address,
  type DialHooks,
  dialStream,
  netError,
  type NetError,
  type NetRuntime,
  type Timeouts,
  type TlsClientOptions,
  type Transport,
  type TransportLimits,
  transportOf,
} from '@roundhouse/net';
import { type Agreement, agreed, type ClientRequest, http2Fields, refused, violation } from './handshake.ts';

export interface Http2TunnelOptions {
  readonly address: Address;
  readonly tls: TlsClientOptions | undefined;
  readonly timeouts: Timeouts;
  readonly request: Omit<ClientRequest, 'key'>;
  readonly limits: TransportLimits;
  readonly hooks: DialHooks;
}

/**
 * Opens an HTTP/2 connection with one stream that carries a WebSocket (RFC 8441). The connection lives as long as its
 * stream. Rejects as `connectWebSocket` does; UNSUPPORTED by the server is PEER_REFUSED.
 */
export async function openHttp2Tunnel(
  { address, tls, timeouts, request, limits, hooks }: Http2TunnelOptions,
  runtime: NetRuntime,
  scope: Scope,
): Promise<{ readonly transport: Transport; readonly agreement: Agreement }> {
  const { connect } = await import('node:http2');
  const dialled = await dialStream(address, { tls, timeouts }, runtime, scope, hooks);
  hooks.onPhase?.('negotiate');
  const { peer } = dialled;
  const scheme = tls === undefined ? 'http' : 'https';
  if (tls !== undefined && dialled.tls?.alpn !== 'h2') {
    dialled.stream.on('error', () => {}).destroy();
    throw violation('it does not speak HTTP/2', peer);
  }
  const session = connect(`${scheme}://${request.authority}`, { createConnection: () => dialled.stream });
  // It takes the handle of a socket as it is, and ours does not read yet.
  if (dialled.stream instanceof Socket && dialled.tls === null) dialled.stream.resume();
  const failed = Promise.withResolvers<never>();
  // Who waits for nothing any more does not hear of it.
  failed.promise.catch(() => {});
  session.on('error', (error) => failed.reject(lost(error, peer)));
  session.on('close', () => failed.reject(lost(new Error('it closed'), peer)));
  session.on('goaway', () => failed.reject(lost(new Error('it goes away'), peer)));
  using greeting = scope.child({ what: 'The WebSocket handshake', timeoutMs: timeouts.greetingMs });
  const leave = greeting.onEnd((reason) => failed.reject(reason));
  try {
    await Promise.race([settings(session, peer), failed.promise]);
    const stream = session.request(http2Fields(request, scheme), { endStream: false });
    stream.on('error', (error) => failed.reject(lost(error, peer)));
    const headers = await Promise.race([answer(stream), failed.promise]);
    const status = headers[':status'] ?? 0;
    if (status < 200 || status > 299) throw refused(status, '', peer);
    const field = (name: string): string | undefined => headers[name]?.toString();
    const agreement = agreed(field, request, peer);
    stream.on('close', () => session.destroy());
    return { transport: transportOf(stream, { peer, clock: runtime.clock, tls: dialled.tls, limits }), agreement };
  } catch (error) {
    session.destroy();
    dialled.stream.destroy();
    const { code } = error as NetError;
    if (code !== 'DEADLINE_EXCEEDED') throw error;
    throw netError('TIMEOUT', { protocol: 'websocket', phase: 'negotiate', peer, sent: 'maybe', cause: error });
  } finally {
    leave();
  }
}

/** RFC 8441 §3: the server says in its settings that it takes an extended CONNECT. */
async function settings(session: ClientHttp2Session, peer: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  session.once('remoteSettings', ({ enableConnectProtocol }) => resolve(enableConnectProtocol === true));
  if (await promise) return;
  const remote = { status: 'SETTINGS', text: 'it takes no WebSocket over HTTP/2 (RFC 8441)' };
  throw netError('PEER_REFUSED', { protocol: 'websocket', phase: 'negotiate', peer, remote });
}

function answer(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders & { ':status'?: number }> {
  return new Promise((resolve) => stream.once('response', resolve));
}

function lost(cause: Error, peer: string): NetError {
  const details = { reason: cause.message };
  return netError('CONNECTION_LOST', {
    protocol: 'websocket',
    phase: 'negotiate',
    peer,
    sent: 'maybe',
    details,
    cause,
  });
}
