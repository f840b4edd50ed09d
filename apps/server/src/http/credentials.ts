import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';
import { clientCertificateOf } from '@roundhouse/net';
import type { Credentials } from '../identity/identity.ts';
import { isLoopback } from './clientAddress.ts';

/** What a request brought with it to say who sends it. */
export function credentialsOf({ headers, raw: { socket } }: FastifyRequest): Credentials {
  const address = socket.remoteAddress ?? 'unix';
  const isTls = isTlsSocket(socket);
  const certificate = isTls ? (clientCertificateOf(socket) ?? undefined) : undefined;
  return {
    authorization: headers.authorization,
    address,
    isSecure: isTls || address === 'unix' || isLoopback(address),
    ...(certificate === undefined ? {} : { certificate }),
  };
}

function isTlsSocket(socket: Socket): socket is TLSSocket {
  return 'encrypted' in socket;
}
