import { createScope, type RoundhouseError, type Scope } from '@roundhouse/core';
import { createRuntime, dialTransport, establish, formatAddress, netError, type NetRuntime } from '@roundhouse/net';
import { LineConnection } from '../mail/lineConnection.ts';
import { withSent } from '../mail/lineSession.ts';
import { logIn } from './authenticate.ts';
import { SmtpClient } from './client.ts';
import { SmtpDialogue } from './dialogue.ts';
import { extensionsOf, noExtensions, type SmtpExtensions } from './extensions.ts';
import { addressLiteral, type ResolvedSmtpOptions, resolveSmtpOptions, type SmtpConnectOptions } from './options.ts';
import { isPositive, replyError } from './reply.ts';

/**
 * Connects to a mail server: greeting, TLS as demanded, EHLO, log-in. Rejects with a NetError whose phase says how far
 * it came: TLS_REFUSED for a server without the TLS that is demanded, PEER_LOGIN_REFUSED, PEER_UNAVAILABLE …
 */
export async function connectSmtp(
  options: SmtpConnectOptions,
  given?: Scope,
  runtime: NetRuntime = createRuntime(),
): Promise<SmtpClient> {
  const scope = given ?? createScope({ clock: runtime.clock });
  const resolved = resolveSmtpOptions(options);
  const { host, port, security, tls, timeouts, acceptanceMs } = resolved;
  return establish('smtp', formatAddress({ host, port }), runtime, scope, async (elapsedMs) => {
    const dial = { timeouts, tls: security === 'implicit' ? tls : undefined };
    const transport = await dialTransport({ host, port }, dial, runtime, scope);
    const connection = new LineConnection('smtp', transport);
    try {
      const dialogue = new SmtpDialogue(connection, timeouts.greetingMs);
      const extensions = await connection.within(timeouts.greetingMs, 'The greeting', scope, (own) =>
        introduce(dialogue, resolved, own),
      );
      return new SmtpClient({
        connection,
        extensions,
        runtime,
        timeouts,
        acceptanceMs,
        openedInMs: elapsedMs(),
      });
    } catch (error) {
      transport.destroy();
      throw withSent(error, 'none', connection.phase);
    }
  });
}

async function introduce(dialogue: SmtpDialogue, options: ResolvedSmtpOptions, scope: Scope): Promise<SmtpExtensions> {
  const { connection } = dialogue;
  const name = options.clientName ?? addressLiteral(connection.transport.local);
  const greeting = await dialogue.answer(scope);
  if (greeting.code !== 220) throw replyError(greeting, { peer: connection.peer, phase: 'greeting' });
  connection.phase = 'negotiate';
  let extensions = await sayHello(dialogue, name, scope);
  if (options.security === 'required' || (options.security === 'opportunistic' && extensions.startTls)) {
    await startTls(dialogue, extensions, options, scope);
    connection.phase = 'negotiate';
    // What was said before TLS may have been said by anybody (RFC 3207 §4.2).
    extensions = await sayHello(dialogue, name, scope);
  }
  if (options.auth !== undefined)
    await logIn(options.auth, options.allowsClearCredentials, extensions, dialogue, scope);
  return extensions;
}

async function sayHello(dialogue: SmtpDialogue, name: string, scope: Scope): Promise<SmtpExtensions> {
  const reply = await dialogue.ask(`EHLO ${name}`, scope);
  if (isPositive(reply)) return extensionsOf(reply);
  const { peer } = dialogue.connection;
  if (reply.code < 500) throw replyError(reply, { peer, phase: 'negotiate' });
  const old = await dialogue.ask(`HELO ${name}`, scope);
  if (!isPositive(old)) throw replyError(old, { peer, phase: 'negotiate' });
  return noExtensions(old.lines[0] ?? '');
}

async function startTls(
  dialogue: SmtpDialogue,
  extensions: SmtpExtensions,
  { tls, timeouts }: ResolvedSmtpOptions,
  scope: Scope,
): Promise<void> {
  const { connection } = dialogue;
  if (!extensions.startTls) throw connection.tlsRefused('it does not offer STARTTLS');
  const reply = await dialogue.ask('STARTTLS', scope);
  if (reply.code !== 220) throw refusedTls(reply.code, connection);
  using handshake = scope.child({ what: 'The TLS handshake', timeoutMs: timeouts.tlsMs });
  await connection.startTls(tls, handshake);
}

function refusedTls(code: number, { peer }: LineConnection): RoundhouseError {
  const details = { reason: `it answered STARTTLS with ${code}` };
  return netError('TLS_REFUSED', { phase: 'tls', peer, protocol: 'smtp', details });
}
