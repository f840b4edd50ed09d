import type { RoundhouseError, Scope, Transitions } from '@roundhouse/core';
import type { TlsInfo, TlsUpgrade } from './tls.ts';

export type TransportState =
  | 'open'
  /** The TLS handshake of `upgradeTls` is under way; nothing is delivered and writes are dropped. */
  | 'upgrading'
  /** Closed or destroyed here, or failed; only `closed` follows. */
  | 'closing'
  | 'closed';

export const TRANSPORT_TRANSITIONS = {
  open: ['upgrading', 'closing'],
  upgrading: ['open', 'closing'],
  closing: ['closed'],
  closed: [],
} as const satisfies Transitions<TransportState>;

/** Receives what happens on a transport. Whatever it throws destroys the transport and nothing else. */
export interface TransportHandler {
  /** Bytes from the peer. Borrowed: the chunk is overwritten after the call returns, copy to keep. */
  data(chunk: Uint8Array): void;
  /** The peer has ended its direction; writing goes on until `close()`, which is the owner's duty. */
  ended(): void;
  /** Exactly once and last. `error` is absent when this side closed, or destroyed without a reason. */
  closed(error?: RoundhouseError): void;
  /** Everything written has been handed over, after `write` had returned false. */
  drained?(): void;
}

/**
 * One connection that carries bytes both ways. Nothing on it throws or emits an error that could end the process; a
 * failure arrives as `closed(error)`, and until `start` is called nothing is read.
 */
export interface Transport extends AsyncDisposable {
  /** `host:port` of the other side, as it was asked for or as it came. */
  readonly peer: string;
  /** `address:port` of this side. */
  readonly local: string;
  /** Facts of the TLS session, or null while the bytes are plain. */
  readonly tls: TlsInfo | null;
  readonly state: TransportState;
  /** Bytes written that the operating system has not taken yet. */
  readonly bufferedBytes: number;
  /** Attaches the one handler; never calls back before it returns. */
  start(handler: TransportHandler): void;
  /**
   * Sends bytes, which belong to the transport until `sent` is called: once, never before `write` has returned, when
   * the system has taken them, or they are lost. False means "more than the high-water mark is waiting, hold back until
   * `drained`". Never throws: on a transport that is not open the bytes are dropped and the answer is false. A peer that
   * stops reading while `maxBufferedBytes` pile up is cut off with WRITE_OVERFLOW.
   */
  write(bytes: Uint8Array, sent?: (isTaken: boolean) => void): boolean;
  /** Stops delivery until `resume`, and with it, in time, the peer. */
  pause(): void;
  resume(): void;
  /**
   * Turns the open plain connection into TLS in place (STARTTLS). Delivery stops at the call, also when it is made
   * inside `data`; `leftover` are bytes that came behind the agreement to start TLS and belong to the handshake.
   * Rejects with a NetError of phase `tls` or the scope's reason; the transport is then closed with the same error.
   */
  upgradeTls(options: TlsUpgrade, scope: Scope, leftover?: Uint8Array): Promise<void>;
  /**
   * Sends what is buffered, ends, and waits a bounded time for the peer to end as well; of what it still sends a bounded
   * part is dropped. Idempotent; never rejects.
   */
  close(): Promise<void>;
  /**
   * Cuts the connection; what is buffered is lost. The peer sees a failure; over TLS an end without `close_notify`,
   * which a peer that runs on Node takes for an end. Idempotent.
   */
  destroy(reason?: RoundhouseError): void;
}

/** Bounds of one transport. */
export interface TransportLimits {
  /** Most bytes that may wait to be sent before the peer is cut off. Default 8 MiB. */
  readonly maxBufferedBytes?: number;
  /** Longest wait of `close()`, ms. Default 2,000. */
  readonly closeTimeoutMs?: number;
}
