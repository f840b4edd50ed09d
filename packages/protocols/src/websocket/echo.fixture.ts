import type { NetRuntime, NetServer } from '@roundhouse/net';
import { serveWebSocket, type WebSocketHandler, type WebSocketServerOptions } from './server.ts';

/** Sends back what comes. */
export const echo: WebSocketHandler = async (connection) => {
  for await (const message of connection) await connection.send(message, connection.scope);
};

export function serveEcho(options: WebSocketServerOptions, runtime: NetRuntime): Promise<NetServer> {
  return serveWebSocket(options, echo, runtime);
}
