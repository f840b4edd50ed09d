import type { CreateSession, EndpointInput } from '@roundhouse/api';

/** What of a host is needed to connect to it. */
export interface SessionTarget {
  /** Endpoint that is configured; null for an address that a caller named. */
  readonly endpoint: string | null;
  readonly host: string;
  readonly port: number;
  readonly tls: CreateSession['tls'];
  readonly startTls: CreateSession['start_tls'];
  readonly compat: CreateSession['compat'];
}

/** The target that a caller named by its address. */
export function namedTarget(host: string, port: number, request: CreateSession): SessionTarget {
  return { endpoint: null, host, port, tls: request.tls, startTls: request.start_tls, compat: request.compat };
}

/** The target that an endpoint is. */
export function endpointTarget(input: EndpointInput): SessionTarget {
  const { id, host, port, tls, start_tls: startTls, compat = {} } = input;
  // What says the same in other words is the same target: nobody has to move for it.
  return {
    endpoint: id,
    host,
    port,
    tls: tls === false ? undefined : tls,
    startTls,
    compat: Object.keys(compat).length === 0 ? undefined : compat,
  };
}

/** As errors name it. */
export function peerOf({ host, port }: SessionTarget): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
