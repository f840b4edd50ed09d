export * from './address.ts';
export * from './errors.ts';
export * from './listener.ts';
export * from './memory.ts';
export { type ConnectHooks, type ConnectOptions, type ConnectPhase, connectTcp } from './tcp.ts';
export type { CertificateFacts, TlsClientOptions, TlsInfo, TlsServerOptions, TlsUpgrade, TlsVersion } from './tls.ts';
export type { Transport, TransportHandler, TransportLimits, TransportState } from './transport.ts';
