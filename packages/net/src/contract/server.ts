import type { Address } from '../address.ts';
import type { TlsServerOptions } from '../tls.ts';
import type { Drainable } from './session.ts';

export interface ServerStats {
  /** Open now. */
  readonly connections: number;
  /** Since the start. */
  readonly accepted: number;
  /** Turned away because a limit was reached. */
  readonly refused: number;
}

/** What serves a protocol on a port. Its drain drains each connection; the port is free at once. */
export interface NetServer extends Drainable {
  readonly protocol: string;
  readonly address: Address;
  readonly port: number;
  stats(): ServerStats;
  /** Takes other certificates for the connections to come. Raises TLS_MATERIAL_INVALID or NOT_SUPPORTED. */
  setTls(tls: TlsServerOptions): void;
}
