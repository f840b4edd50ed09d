import { createScope, type Scope } from '@roundhouse/core';
import { createRuntime, dialTransport, establish, formatAddress, type NetRuntime } from '@roundhouse/net';
import { LineConnection } from '../mail/lineConnection.ts';
import { withSent } from '../mail/lineSession.ts';
import { capabilitiesOf, type ImapCapabilities, unaskedBytesOf } from './capabilities.ts';
import { ImapClient } from './client.ts';
import { byeError } from './completion.ts';
import { ImapDialogue } from './dialogue.ts';
import { logIn } from './logIn.ts';
import { type ImapConnectOptions, type ResolvedImapOptions, resolveImapOptions } from './options.ts';

/** Before anybody has logged in nothing long is to be said. */
const MAX_GREETING_BYTES = 65_536;

/**
 * Connects to a server of mailboxes by IMAP (RFC 9051, RFC 3501) and logs in. Rejects with a NetError whose phase says
 * how far it came: TLS_REFUSED for a server without the TLS that is demanded, PEER_LOGIN_REFUSED, PEER_UNAVAILABLE …
 */
export async function connectImap(
  options: ImapConnectOptions,
  given?: Scope,
  runtime: NetRuntime = createRuntime(),
): Promise<ImapClient> {
  const scope = given ?? createScope({ clock: runtime.clock });
  const resolved = resolveImapOptions(options);
  const { host, port, security, tls, timeouts } = resolved;
  return establish('imap', formatAddress({ host, port }), runtime, scope, async (elapsedMs) => {
    const dial = { timeouts, tls: security === 'implicit' ? tls : undefined };
    const transport = await dialTransport({ host, port }, dial, runtime, scope);
    const connection = new LineConnection('imap', transport);
    try {
      const waits = { answerMs: timeouts.greetingMs, idleMs: timeouts.greetingMs };
      const dialogue = new ImapDialogue(connection, waits, MAX_GREETING_BYTES, 'L');
      const capabilities = await connection.within(timeouts.greetingMs, 'The greeting', scope, (own) =>
        introduce(dialogue, resolved, own),
      );
      return new ImapClient({
        connection,
        capabilities,
        runtime,
        options: resolved,
        timeouts,
        openedInMs: elapsedMs(),
      });
    } catch (error) {
      transport.destroy();
      throw withSent(error, 'none', connection.phase);
    }
  });
}

async function introduce(
  dialogue: ImapDialogue,
  { security, tls, timeouts, login, allowsClearCredentials }: ResolvedImapOptions,
  scope: Scope,
): Promise<ImapCapabilities> {
  const { connection } = dialogue;
  const greeting = await dialogue.greeting(scope);
  if (greeting.kind !== 'status' || greeting.tag !== '*') throw connection.violation('it does not greet');
  if (greeting.status === 'BYE') throw byeError(greeting.text, connection.peer, 'greeting');
  const isLoggedIn = greeting.status === 'PREAUTH';
  if (!isLoggedIn && greeting.status !== 'OK') throw connection.violation('it greets with neither OK nor PREAUTH');
  connection.phase = 'negotiate';
  let capabilities = await askCapabilities(dialogue, scope);
  if (security === 'required') {
    // Who is logged in can no longer ask for TLS: RFC 9051 §7.1.4, CVE-2020-12398.
    if (isLoggedIn) throw connection.tlsRefused('it says that it knows who this is, before TLS had begun');
    if (!capabilities.has('STARTTLS')) throw connection.tlsRefused('it does not offer STARTTLS');
    const { status } = await dialogue.exchange(['STARTTLS'], {}, scope);
    if (status !== 'OK') throw connection.tlsRefused('it did not agree to STARTTLS');
    using handshake = scope.child({ what: 'The TLS handshake', timeoutMs: timeouts.tlsMs });
    await connection.startTls(tls, handshake);
    connection.phase = 'negotiate';
    // What was said before TLS may have been said by anybody (RFC 9051 §6.2.1).
    capabilities = await askCapabilities(dialogue, scope);
  }
  if (isLoggedIn) return capabilities;
  connection.phase = 'authenticate';
  if (connection.transport.tls === null && !allowsClearCredentials) {
    throw connection.tlsRefused('credentials do not go over a connection in the clear');
  }
  dialogue.maxUnaskedBytes = unaskedBytesOf(capabilities);
  await logIn(login, capabilities, dialogue, scope);
  // Servers offer more to those whom they know.
  return askCapabilities(dialogue, scope);
}

async function askCapabilities(dialogue: ImapDialogue, scope: Scope): Promise<ImapCapabilities> {
  let capabilities: ImapCapabilities = new Set();
  await dialogue.ask(
    ['CAPABILITY'],
    {
      data: ({ name, values }) => {
        if (name === 'CAPABILITY') capabilities = capabilitiesOf(values);
      },
    },
    scope,
  );
  if (!capabilities.has('IMAP4REV1') && !capabilities.has('IMAP4REV2')) {
    throw dialogue.connection.violation('it offers neither IMAP4rev1 nor IMAP4rev2');
  }
  return capabilities;
}
