import type { Duplex } from 'node:stream';
import type { Clock } from '@roundhouse/core';
import { byteStreamOf, StreamTransport } from '../streamTransport.ts';
import type { TlsInfo } from '../tls.ts';
import type { Transport, TransportLimits } from '../transport.ts';

export interface TransportOfOptions {
  readonly peer: string;
  readonly clock: Clock;
  readonly local?: string;
  readonly limits?: TransportLimits;
  /** Facts of TLS that the stream has below it. */
  readonly tls?: TlsInfo | null;
}

/**
 * A connected stream of Node's, which nobody reads, as a transport: the other way round than `duplexOf`. It takes the
 * stream over; one that is no TCP socket shows a `destroy` as an end.
 */
export function transportOf(stream: Duplex, { peer, clock, local = 'stream', ...rest }: TransportOfOptions): Transport {
  stream.pause();
  return new StreamTransport(byteStreamOf(stream), { peer, local, host: 'localhost', clock, ...rest });
}
