import { createScope, type Scope } from '@roundhouse/core';
import { createRuntime, dialTransport, establish, formatAddress, type NetRuntime } from '@roundhouse/net';
import { LineConnection } from '../mail/lineConnection.ts';
import { withSent } from '../mail/lineSession.ts';
import { capabilitiesOf, type Pop3Capabilities, UNKNOWN_CAPABILITIES } from './capabilities.ts';
import { Pop3Client } from './client.ts';
import { Pop3Dialogue } from './dialogue.ts';
import { logIn, timestampOf } from './logIn.ts';
import { type Pop3ConnectOptions, type ResolvedPop3Options, resolvePop3Options } from './options.ts';
import { replyError } from './reply.ts';

const MAX_LIST_BYTES = 65_536;

/**
 * Connects to a mailbox by POP3 (RFC 1939) and logs in. Rejects with a NetError whose phase says how far it came:
 * TLS_REFUSED for a server without the TLS that is demanded, PEER_LOGIN_REFUSED, PEER_UNAVAILABLE when somebody else has
 * the mailbox open …
 */
export async function connectPop3(
  options: Pop3ConnectOptions,
  given?: Scope,
  runtime: NetRuntime = createRuntime(),
): Promise<Pop3Client> {
  const scope = given ?? createScope({ clock: runtime.clock });
  const resolved = resolvePop3Options(options);
  const { host, port, security, tls, timeouts, maxMessageBytes } = resolved;
  return establish('pop3', formatAddress({ host, port }), runtime, scope, async (elapsedMs) => {
    const dial = { timeouts, tls: security === 'implicit' ? tls : undefined };
    const transport = await dialTransport({ host, port }, dial, runtime, scope);
    const connection = new LineConnection('pop3', transport);
    try {
      const dialogue = new Pop3Dialogue(connection, { answerMs: timeouts.greetingMs, idleMs: timeouts.greetingMs });
      const capabilities = await connection.within(timeouts.greetingMs, 'The greeting', scope, (own) =>
        introduce(dialogue, resolved, own),
      );
      return new Pop3Client({ connection, capabilities, runtime, timeouts, maxMessageBytes, openedInMs: elapsedMs() });
    } catch (error) {
      transport.destroy();
      throw withSent(error, 'none', connection.phase);
    }
  });
}

async function introduce(
  dialogue: Pop3Dialogue,
  { security, tls, timeouts, login, allowsClearCredentials }: ResolvedPop3Options,
  scope: Scope,
): Promise<Pop3Capabilities> {
  const { connection } = dialogue;
  const greeting = await dialogue.answer(scope);
  if (!greeting.isOk) throw replyError(greeting, connection.peer, 'greeting');
  connection.phase = 'negotiate';
  let capabilities = await askCapabilities(dialogue, scope);
  if (security === 'required') {
    if (capabilities.isKnown && !capabilities.stls) throw connection.tlsRefused('it does not offer STLS');
    const reply = await dialogue.exchange('STLS', scope);
    if (!reply.isOk) throw connection.tlsRefused('it did not agree to STLS');
    using handshake = scope.child({ what: 'The TLS handshake', timeoutMs: timeouts.tlsMs });
    await connection.startTls(tls, handshake);
    connection.phase = 'negotiate';
    // What was said before TLS may have been said by anybody (RFC 2595 §4).
    capabilities = await askCapabilities(dialogue, scope);
  }
  connection.phase = 'authenticate';
  if (connection.transport.tls === null && !allowsClearCredentials) {
    throw connection.tlsRefused('credentials do not go over a connection in the clear');
  }
  await logIn(login, timestampOf(greeting.text), capabilities, dialogue, scope);
  return capabilities;
}

async function askCapabilities(dialogue: Pop3Dialogue, scope: Scope): Promise<Pop3Capabilities> {
  const { isOk } = await dialogue.exchange('CAPA', scope);
  if (!isOk) return UNKNOWN_CAPABILITIES;
  return capabilitiesOf(await dialogue.lines(MAX_LIST_BYTES, 'its capabilities', scope));
}
