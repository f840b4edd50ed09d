import { connectWebSocket } from '../websocket/client.ts';
import type { Checker } from './checker.ts';
import { noteTls } from './connection.ts';

/** The handshake, and a ping, which every WebSocket answers. */
export const checkWebSocket: Checker = async ({ url, tls, timeouts, runtime, scope, enter, facts }) => {
  const options = { url: url.href, tls, timeouts, onPhase: enter, heartbeat: false };
  const socket = await connectWebSocket(options, scope, runtime);
  try {
    noteTls(facts, socket.tls, runtime.clock.now());
    enter('request');
    await socket.ping(scope);
    enter('close');
    facts['close_code'] = (await socket.close()).code;
  } finally {
    socket.abort();
  }
};
