import type { RoundhouseError, Scope } from '@roundhouse/core';
import type { CloseReason, DrainOptions, DrainReport, SessionCore, SessionState, TlsInfo } from '@roundhouse/net';
import type { HttpClientResponse, HttpConnection, OutgoingRequest } from './contract.ts';

/** What connections of both versions hand on to their core. */
export abstract class DelegatingConnection implements HttpConnection {
  readonly core: SessionCore;

  constructor(core: SessionCore) {
    this.core = core;
  }

  abstract readonly version: '1.1' | '2';
  abstract readonly capacity: number;
  abstract readonly isUsable: boolean;
  abstract request(request: OutgoingRequest, scope: Scope): Promise<HttpClientResponse>;

  get protocol(): string {
    return this.core.protocol;
  }

  get peer(): string {
    return this.core.peer;
  }

  get tls(): TlsInfo | null {
    return this.core.tls;
  }

  get scope(): Scope {
    return this.core.scope;
  }

  get state(): SessionState {
    return this.core.state;
  }

  get closed(): Promise<CloseReason> {
    return this.core.closed;
  }

  get inFlight(): number {
    return this.core.inFlight;
  }

  drain(options?: DrainOptions): Promise<DrainReport> {
    return this.core.drain(options);
  }

  abort(reason?: RoundhouseError): void {
    this.core.abort(reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.core[Symbol.asyncDispose]();
  }
}
