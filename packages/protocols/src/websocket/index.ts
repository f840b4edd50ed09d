export { connectWebSocket, type WebSocketOptions } from './client.ts';
export { CLOSE, type WebSocketEnd } from './closeCode.ts';
export type { WebSocketConnection } from './connection.ts';
export type { GateOptions } from './gate.ts';
export type { Refusal, UpgradeRequest } from './handshake.ts';
export type { WebSocketMessage } from './inbox.ts';
export type { CompressionOptions, WebSocketLimits } from './options.ts';
export {
  createReconnectingWebSocket,
  type ReconnectingOptions,
  type ReconnectingWebSocket,
} from './reconnecting.ts';
export { serveWebSocket, type WebSocketHandler, type WebSocketServerOptions } from './server.ts';
export { upgradeWebSocket, type UpgradeOptions, webSocketHook, type WebSocketUpgradeHook } from './upgrade.ts';
