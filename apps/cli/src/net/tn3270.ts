import type { Check, Checker, Scheme } from '@roundhouse/protocols/probe';
import { connectTcp } from '@roundhouse/net';
import { LiveSession, resolveSessionOptions } from '@roundhouse/tn3270';

/** Schemes of hosts: TCP, TLS, the negotiation, the first screen. */
export const HOST_SCHEMES: Readonly<Record<string, Scheme>> = {
  tn3270: { defaultPort: 23, load: async () => checkHost },
  tn3270s: { defaultPort: 992, load: async () => checkSecureHost },
};

const checkHost: Checker = (check) => ask(check, false);

const checkSecureHost: Checker = (check) => ask(check, true);

async function ask({ address, tls, timeouts, scope, enter, facts }: Check, isSecure: boolean): Promise<void> {
  const options = resolveSessionOptions({
    ...address,
    connectTimeoutMs: timeouts.connectMs,
    ...(isSecure && { tls: withoutPins(tls) }),
  });
  const secured = options.tls === undefined ? {} : { tls: options.tls };
  const transport = await connectTcp({ ...address, ...secured }, scope, { onPhase: enter });
  using own = scope.child();
  enter('negotiate');
  const session = new LiveSession(options, transport, own);
  await session.waitFor({ for: 'unlocked' }, own);
  facts['connection_state'] = session.connectionState;
  facts['lu'] = session.lu ?? null;
}

/** A session has no pins. */
function withoutPins({ pins: _pins, ...rest }: Check['tls']): Omit<Check['tls'], 'pins'> {
  return rest;
}
