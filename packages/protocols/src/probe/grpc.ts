import { netError } from '@roundhouse/net';
import { connectGrpc } from '../grpc/index.ts';
import type { Check, Checker } from './checker.ts';
import { noteTls } from './connection.ts';
import { withDialPhases } from './dialPhases.ts';

export const checkGrpc: Checker = (check) => ask(check, false);

export const checkGrpcs: Checker = (check) => ask(check, true);

/** Asks for the health of the server, or of the service that the path names. */
async function ask(check: Check, isSecure: boolean): Promise<void> {
  const { url, address, tls, timeouts, runtime, scope, enter, facts } = check;
  const phased = withDialPhases(runtime, enter, isSecure ? 'tls' : 'negotiate');
  const session = await connectGrpc({ ...address, timeouts, ...(isSecure && { tls }) }, scope, phased);
  try {
    noteTls(facts, session.tls, runtime.clock.now());
    enter('request');
    const service = decodeURIComponent(url.pathname.slice(1));
    const status = await session.health(scope, service);
    facts['serving_status'] = status;
    if (status === 'SERVING') return;
    const text = `${service === '' ? 'the server' : service} does not serve`;
    const { peer } = session;
    const remote = { status, text };
    throw netError('PEER_UNAVAILABLE', { protocol: 'grpc', phase: 'request', peer, sent: 'all', remote });
  } finally {
    session.abort();
  }
}
