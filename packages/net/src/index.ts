export * from './address.ts';
export { ByteReader, type ByteReaderOptions } from './bytes/byteReader.ts';
export { duplexOf } from './bytes/duplex.ts';
export { type HttpHead, httpHeadEnd, parseHttpHead, parseStatusLine } from './bytes/httpHead.ts';
export { transportOf, type TransportOfOptions } from './bytes/transport.ts';
export {
  type CertificateFiles,
  type CertificateHandlers,
  type CertificateWatch,
  type LoadedCertificate,
  watchCertificateFiles,
} from './certificateFiles.ts';
export { CoreSession } from './contract/coreSession.ts';
export { establish } from './contract/establish.ts';
export { resolveServerLimits, type ServerLimits } from './contract/limits.ts';
export * from './contract/observer.ts';
export * from './contract/pool.ts';
export { createRuntime, type NetRuntime } from './contract/runtime.ts';
export type { NetServer, ServerStats } from './contract/server.ts';
export {
  type Incoming,
  type OpenPort,
  openServer,
  type Port,
  type ServeConnection,
  type ServerOptions,
} from './contract/serverCore.ts';
export * from './contract/session.ts';
export {
  type OperationOptions,
  SessionCore,
  type SessionCoreInit,
} from './contract/sessionCore.ts';
export { DEFAULT_TIMEOUTS, resolveTimeouts, type Timeouts } from './contract/timeouts.ts';
export { type NetSpan, type NetTracer, noNetTracer } from './contract/tracer.ts';
export * from './dial/datagrams.ts';
export { type DialledStream, type DialOptions, type DialTimeouts, dialStream, dialTransport } from './dial/dial.ts';
export type { Dialer, DialHooks, Dialled } from './dial/dialer.ts';
export { createDirectDialer, directDialer, type DirectDialerOptions } from './dial/direct.ts';
export { createHttpConnectDialer, type HttpConnectOptions } from './dial/httpConnect.ts';
export { createMemoryNetwork, type MemoryNetwork } from './dial/memoryNetwork.ts';
export type { ProxyCredentials } from './dial/proxy.ts';
export { createSocks5Dialer, type Socks5Options } from './dial/socks5.ts';
export {
  NetError,
  type NetErrorCode,
  type NetErrorFactory,
  type NetErrorInit,
  type NetPhase,
  netError,
  type RemoteAnswer,
  type Sent,
} from './errors.ts';
export { type Listen, listen, type Listener, type ListenOptions } from './listener.ts';
export { createMemoryPair, type MemoryPairOptions } from './memory.ts';
export * from './nodeTls.ts';
export { systemError } from './systemError.ts';
export { type ConnectHooks, type ConnectPhase, type Target } from './socket.ts';
export { type ConnectOptions, connectTcp } from './tcp.ts';
export type { CertificateFacts, TlsClientOptions, TlsInfo, TlsServerOptions, TlsUpgrade, TlsVersion } from './tls.ts';
export type { Transport, TransportHandler, TransportLimits, TransportState } from './transport.ts';
