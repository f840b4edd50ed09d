import { coreError, isRoundhouseError, reportUncaught, type RoundhouseError, type Scope } from '@roundhouse/core';
import { NetError, ofProtocol } from '../errors.ts';
import type { NetRuntime } from './runtime.ts';

/**
 * Makes a client's connection: from the first packet to a session that stands. What fails is told to the observer, and
 * is a RoundhouseError whatever it was. `elapsedMs` tells `make` how long it has taken so far.
 */
export async function establish<T>(
  protocol: string,
  peer: string,
  runtime: NetRuntime,
  scope: Scope,
  make: (elapsedMs: () => number) => Promise<T>,
): Promise<T> {
  scope.throwIfEnded();
  const startedAt = runtime.clock.monotonic();
  const span = runtime.tracer.start(`net.${protocol}.connect`, { 'network.peer.address': peer });
  try {
    const made = await make(() => runtime.clock.monotonic() - startedAt);
    span.end();
    return made;
  } catch (error) {
    const failure = named(error, protocol, peer);
    const { code } = failure;
    const phase = failure instanceof NetError ? failure.phase : null;
    span.end(code);
    try {
      runtime.observer.observe({ type: 'connectionFailed', protocol, role: 'client', peer, code, phase });
    } catch (fault) {
      reportUncaught(fault);
    }
    throw failure;
  }
}

function named(error: unknown, protocol: string, peer: string): RoundhouseError {
  if (isRoundhouseError(error)) return ofProtocol(error, protocol);
  const reason = `${protocol} failed: ${error instanceof Error ? error.message : String(error)}`;
  return coreError('INTERNAL', { details: { reason, peer, protocol }, cause: error });
}
