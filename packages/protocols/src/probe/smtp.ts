import { connectSmtp } from '../smtp/connect.ts';
import type { Check, Checker } from './checker.ts';
import { noteTls } from './connection.ts';
import { withDialPhases } from './dialPhases.ts';

/** Greeting and EHLO; TLS where the server offers it. */
export const checkSmtp: Checker = (check) => ask(check, 'opportunistic');

export const checkSmtps: Checker = (check) => ask(check, 'implicit');

async function ask(check: Check, security: 'opportunistic' | 'implicit'): Promise<void> {
  const { address, tls, timeouts, runtime, scope, enter, facts } = check;
  const options = { ...address, security, tls, timeouts };
  const client = await connectSmtp(options, scope, withDialPhases(runtime, enter, 'greeting'));
  try {
    noteTls(facts, client.tls, runtime.clock.now());
    enter('close');
    await client.drain({ timeoutMs: timeouts.drainMs });
  } finally {
    client.abort();
  }
}
