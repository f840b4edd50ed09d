export * from './address.ts';
export {
  type CertificateFiles,
  type CertificateHandlers,
  type CertificateWatch,
  type LoadedCertificate,
  watchCertificateFiles,
} from './certificateFiles.ts';
export * from './errors.ts';
export * from './listener.ts';
export * from './memory.ts';
export * from './nodeTls.ts';
export { systemError } from './systemError.ts';
export { type ConnectHooks, type ConnectOptions, type ConnectPhase, connectTcp } from './tcp.ts';
export type { CertificateFacts, TlsClientOptions, TlsInfo, TlsServerOptions, TlsUpgrade, TlsVersion } from './tls.ts';
export type { Transport, TransportHandler, TransportLimits, TransportState } from './transport.ts';
