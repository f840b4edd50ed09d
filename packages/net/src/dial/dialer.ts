import type { Scope } from '@roundhouse/core';
import type { ByteStream } from '../streamTransport.ts';
import type { ConnectPhase, Target } from '../socket.ts';

/** A connected stream that carries plain bytes, and belongs to whoever has it. It is paused: nothing is lost. */
export interface Dialled {
  readonly stream: ByteStream;
  /** `host:port` or the path, as it was asked for. */
  readonly peer: string;
  /** Name that a certificate of the peer must have. */
  readonly host: string;
  /** This side. */
  readonly local: string;
}

export interface DialHooks {
  /** Told at the start of each phase. */
  readonly onPhase?: (phase: ConnectPhase | 'negotiate') => void;
}

/**
 * How a connection is made: directly, through a proxy, within the process. `dial` rejects with a NetError whose phase
 * says how far it came, TIMEOUT for the scope's deadline, or the reason of the scope, and then leaves nothing open; the
 * scope has no hold on the stream it resolves to. TLS lies on top and is no concern of a dialer.
 */
export interface Dialer {
  /** E.g. `direct`, `socks5`. */
  readonly name: string;
  dial(target: Target, scope: Scope, hooks?: DialHooks): Promise<Dialled>;
}
