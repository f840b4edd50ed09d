import { isRoundhouseError, type RoundhouseError } from '@roundhouse/core';
import { NetError, type NetErrorCode, netError, type Sent } from '@roundhouse/net';
import type { Library } from './library.ts';

/** The same failure of the connection below, under the name of this protocol. */
export function asGrpc(error: RoundhouseError): RoundhouseError {
  if (!(error instanceof NetError) || error.protocol === 'grpc') return error;
  const { code, cause, hint, phase, peer, sent, remote } = error;
  const { protocol: _, ...details } = error.details;
  return netError(code as NetErrorCode, {
    protocol: 'grpc',
    details,
    cause,
    hint,
    sent,
    ...(phase !== null && { phase }),
    ...(peer !== null && { peer }),
    ...(remote !== null && { remote }),
  });
}

/** What a call rejects with: an error of ours that the library has wrapped, or what the library found wrong. */
export function failureOfCall(error: unknown, { connect }: Library, peer: string, sent: Sent): unknown {
  const isOfLibrary = error instanceof connect.ConnectError;
  const origin: unknown = isOfLibrary ? (error.cause ?? error) : error;
  if (isRoundhouseError(origin)) return asGrpc(origin);
  if (!isOfLibrary) return error;
  if (error.code === connect.Code.ResourceExhausted) return tooLarge(peer, error.rawMessage);
  const details = { reason: error.rawMessage };
  return netError('PROTOCOL_VIOLATION', { protocol: 'grpc', phase: 'read', peer, sent, details, cause: error });
}

/** A message that is larger than this side takes. */
export function tooLarge(peer: string, limit: number | string): NetError {
  const details = { limit, unit: 'bytes', what: 'one message' };
  return netError('MESSAGE_TOO_LARGE', { protocol: 'grpc', phase: 'read', peer, sent: 'all', details });
}
