import type { ClientHttp2Session } from 'node:http2';
import type { Scope } from '@roundhouse/core';
import {
  dialStream,
  establish,
  formatAddress,
  netError,
  type NetRuntime,
  type NetErrorInit,
  SessionCore,
  type Timeouts,
  type TlsInfo,
} from '@roundhouse/net';
import { MAX_MESSAGE_BYTES } from '../message/message.ts';
import type { NameServer } from './options.ts';
import { makeQuestion, readReply, systemEntropy } from './question.ts';
import type { QuestionSession } from './streamExchange.ts';

const MEDIA_TYPE = 'application/dns-message';

/** Opens a connection for DNS over HTTPS (RFC 8484), by HTTP/2. */
export async function openHttpsSession(
  { address, label, tls, path }: NameServer,
  timeouts: Timeouts,
  runtime: NetRuntime,
  scope: Scope,
): Promise<QuestionSession> {
  const http2 = await import('node:http2');
  return await establish('doh', label, runtime, scope, async (elapsedMs) => {
    const secure = { ...tls, alpn: ['h2'] };
    const dialled = await dialStream(address, { tls: secure, timeouts }, runtime, scope);
    if (dialled.tls?.alpn !== 'h2') {
      dialled.stream.destroy();
      const details = { reason: 'it does not offer HTTP/2' };
      throw netError('PROTOCOL_VIOLATION', { protocol: 'doh', peer: label, phase: 'negotiate', details });
    }
    const authority = formatAddress({ host: tls.serverName ?? address.host, port: address.port });
    const session = http2.connect(`https://${authority}`, { createConnection: () => dialled.stream });
    return httpsSession(session, path, { peer: label, tls: dialled.tls, timeouts, runtime, openedInMs: elapsedMs() });
  });
}

interface SessionPlace {
  readonly peer: string;
  readonly tls: TlsInfo;
  readonly timeouts: Timeouts;
  readonly runtime: NetRuntime;
  readonly openedInMs: number;
}

function httpsSession(session: ClientHttp2Session, path: string, place: SessionPlace): QuestionSession {
  const { peer } = place;
  const core = new SessionCore({
    ...place,
    protocol: 'doh',
    role: 'client',
    destroy: () => session.destroy(),
    isExclusive: false,
  });
  session.on('error', (cause: Error) => {
    const details = { reason: cause.message };
    core.lost(netError('CONNECTION_LOST', { protocol: 'doh', peer, phase: 'read', details, cause }));
  });
  session.on('close', () => core.lost());
  // What is under way is still answered; a new question needs a new connection.
  session.on('goaway', () => void core.drain());
  let answered = 0;
  const ask: QuestionSession['ask'] = (name, type, hasEdns, scope, onSent) =>
    core.operate(
      'query',
      scope,
      async (operation) => {
        const question = makeQuestion(name, type, { randomizesCase: false, hasEdns, id: 0 }, systemEntropy);
        operation.sent('maybe');
        const body = await post(session, path, question.bytes, peer, operation.scope, () => {
          operation.sent('all');
          onSent();
        });
        const reply = readReply(body, question);
        if (reply.kind !== 'answer') throw violation(peer, 'it sent something that is no answer to the question');
        answered += 1;
        return reply.message;
      },
      { timeoutMs: Infinity },
    );
  return Object.assign(core, { ask, answered: () => answered });
}

/** RFC 8484 §4.1. Rejects with PROTOCOL_VIOLATION, PEER_REFUSED, PEER_UNAVAILABLE, CONNECTION_LOST or the reason. */
function post(
  session: ClientHttp2Session,
  path: string,
  bytes: Uint8Array,
  peer: string,
  scope: Scope,
  onSent: () => void,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const init: NetErrorInit = { protocol: 'doh', peer, phase: 'request', sent: 'all' };
    const request = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': MEDIA_TYPE,
      accept: MEDIA_TYPE,
      'content-length': String(bytes.byteLength),
    });
    const leave = scope.onEnd((reason) => {
      request.destroy();
      reject(reason);
    });
    const fail = (error: Error): void => {
      leave();
      request.destroy();
      reject(error);
    };
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('error', (cause: Error) =>
      fail(netError('CONNECTION_LOST', { ...init, details: { reason: cause.message }, cause })),
    );
    request.on('close', () =>
      fail(netError('CONNECTION_LOST', { ...init, details: { reason: 'the stream ended early' } })),
    );
    request.on('response', (headers) => {
      const status = headers[':status'] ?? 0;
      const remote = { status: String(status), text: 'no answer to a DNS question' };
      const details = { ...remote };
      if (status >= 500 || status === 429) fail(netError('PEER_UNAVAILABLE', { ...init, remote, details }));
      else if (status !== 200) fail(netError('PEER_REFUSED', { ...init, remote, details }));
      else if (headers['content-type'] !== MEDIA_TYPE) fail(violation(peer, `its answer is not ${MEDIA_TYPE}`));
    });
    request.on('data', (chunk: Buffer) => {
      length += chunk.byteLength;
      if (length > MAX_MESSAGE_BYTES) fail(violation(peer, 'its answer is larger than a DNS message'));
      else chunks.push(chunk);
    });
    request.on('end', () => {
      leave();
      resolve(Buffer.concat(chunks));
    });
    request.end(bytes, onSent);
  });
}

function violation(peer: string, reason: string): Error {
  return netError('PROTOCOL_VIOLATION', { protocol: 'doh', peer, phase: 'read', sent: 'all', details: { reason } });
}
