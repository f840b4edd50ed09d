import type { Scope } from '@roundhouse/core';
import type { Timeouts } from '@roundhouse/net';

/** One of our clients: connects to a port of loopback and makes one request, with these limits. */
export interface SilentClient {
  readonly name: string;
  readonly ask: (port: number, timeouts: Timeouts, scope: Scope) => Promise<unknown>;
}

/** Every client that speaks over a stream, with what it needs to come as far as a peer lets it. */
export const SILENT_CLIENTS: readonly SilentClient[] = [
  {
    name: 'pop3',
    async ask(port, timeouts, scope) {
      const { connectPop3 } = await import('@roundhouse/protocols/pop3');
      const login = { user: 'somebody', password: 'nothing' };
      return connectPop3({ host: '127.0.0.1', port, security: 'off', login, timeouts }, scope);
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
