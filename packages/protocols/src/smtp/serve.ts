import { createScope, type Scope } from '@roundhouse/core';
import { createRuntime, type NetRuntime, type NetServer, openServer } from '@roundhouse/net';
import { SmtpConversation } from './conversation.ts';
import { resolveSmtpServer, type SmtpHandlers, type SmtpServerOptions } from './serverOptions.ts';

/**
 * Receives mail on a port. Rejects as `listen` does, or with NET_OPTION_INVALID. Its drain lets messages under way be
 * finished, and answers everybody else with 421.
 */
export async function serveSmtp(
  options: SmtpServerOptions,
  handlers: SmtpHandlers,
  runtime: NetRuntime = createRuntime(),
  scope: Scope = createScope({ clock: runtime.clock }),
): Promise<NetServer> {
  const resolved = resolveSmtpServer(options, handlers);
  let connections = 0;
  return openServer(
    'smtp',
    { ...options, timeouts: resolved.timeouts },
    (transport) => {
      connections += 1;
      const id = `${runtime.clock.now().toString(36)}-${connections.toString(36)}`.toUpperCase();
      return new SmtpConversation(id, transport, resolved, handlers, runtime).start();
    },
    runtime,
    scope,
  );
}
