import { isRoundhouseError, type RoundhouseError } from '@roundhouse/core';
import { systemError } from '@roundhouse/net';
import { workerError } from '../errors.ts';

/**
 * What went wrong with a peer, as a catalogue has it: a code of the network where no connection was made, else
 * PEER_NO_ANSWER.
 */
export function peerFailure(error: unknown, peer: string, isConnected: boolean): RoundhouseError {
  if (isRoundhouseError(error)) return error;
  if (!isConnected) {
    const failure = systemError(error, { phase: 'connect', peer, address: peer, host: peer });
    if (failure.code !== 'INTERNAL') return failure;
  }
  return workerError('PEER_NO_ANSWER', { details: { peer, reason: reasonOf(error) }, cause: error });
}

/** OpenSSL puts what people can read into a property of its own. */
function reasonOf(error: unknown): string {
  const { library, reason, message } = error as { library?: string; reason?: string; message?: string };
  return library === undefined ? (message ?? String(error)) : `TLS: ${reason ?? message}`;
}
