import type { RoundhouseError, Scope } from '@roundhouse/core';
import type { TlsInfo } from '../tls.ts';
import type { CloseReason, DrainOptions, DrainReport, Session, SessionState } from './session.ts';
import type { SessionCore } from './sessionCore.ts';

/** The session of a protocol, which leaves to its core what all sessions do alike. */
export abstract class CoreSession implements Session {
  protected readonly core: SessionCore;

  constructor(core: SessionCore) {
    this.core = core;
  }

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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }
}
