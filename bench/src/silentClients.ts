import type { Scope } from '@roundhouse/core';
import type { Timeouts } from '@roundhouse/net';

/** One of our clients: connects to a port of loopback and makes one request, with these limits. */
export interface SilentClient {
  readonly name: string;
  readonly ask: (port: number, timeouts: Timeouts, scope: Scope) => Promise<unknown>;
}

/** Every client that speaks over a stream, with what it needs to come as far as a peer lets it. */
export const SILENT_CLIENTS: readonly SilentClient[] = [
  ...(['http/1.1', 'h2'] as const).map(
    (version): SilentClient => ({
      name: version === 'h2' ? 'http2' : 'http1',
      async ask(port, timeouts, scope) {
        const { createHttpClient } = await import('@roundhouse/protocols/http');
        await using client = createHttpClient({ versions: [version], timeouts });
        return await client.get(`http://127.0.0.1:${port}/`, scope);
      },
    }),
  ),
  {
    name: 'dns_tcp',
    async ask(port, timeouts, scope) {
      const { createResolver } = await import('@roundhouse/protocols/dns');
      const servers = [{ address: `127.0.0.1:${port}`, transport: 'tcp' as const }];
      await using resolver = createResolver({ servers, rounds: 1, attemptMs: 60_000, timeouts });
      return await resolver.resolve('name.example', 'A', scope);
    },
  },
  {
    name: 'pop3',
    async ask(port, timeouts, scope) {
      const { connectPop3 } = await import('@roundhouse/protocols/pop3');
      const login = { user: 'somebody', password: 'nothing' };
      return connectPop3({ host: '127.0.0.1', port, security: 'off', login, timeouts }, scope);
    },
  },
  {
    name: 'imap',
    async ask(port, timeouts, scope) {
      const { connectImap } = await import('@roundhouse/protocols/imap');
      const login = { user: 'somebody', password: 'nothing' };
      return connectImap({ host: '127.0.0.1', port, security: 'off', login, timeouts }, scope);
    },
  },
  {
    name: 'websocket',
    async ask(port, timeouts, scope) {
      const { connectWebSocket } = await import('@roundhouse/protocols/websocket');
      return connectWebSocket({ url: `ws://127.0.0.1:${port}/`, timeouts }, scope);
    },
  },
  {
    name: 'smtp',
    async ask(port, timeouts, scope) {
      const { connectSmtp } = await import('@roundhouse/protocols/smtp');
      return connectSmtp({ host: '127.0.0.1', port, security: 'off', timeouts }, scope);
    },
  },
];
