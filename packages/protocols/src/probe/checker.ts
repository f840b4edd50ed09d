import type { Scope } from '@roundhouse/core';
import type { Address, DialTimeouts, NetRuntime, Timeouts, TlsClientOptions } from '@roundhouse/net';
import type { ProbePhase } from './phases.ts';

/** What a probe found out besides: names in `snake_case`, nothing secret. */
export type ProbeFacts = Record<string, string | number | boolean | null>;

/** What a checker is asked to check. */
export interface Check {
  readonly url: URL;
  readonly address: Address;
  /** Without `alpn`, which is the checker's. */
  readonly tls: Omit<TlsClientOptions, 'alpn'>;
  /** Each as long as the whole probe may take. */
  readonly timeouts: Timeouts & DialTimeouts;
  readonly runtime: NetRuntime;
  /** Ends when the time is over. Whatever the checker opens is gone when it settles. */
  readonly scope: Scope;
  /** Says what goes on now. */
  readonly enter: (phase: ProbePhase) => void;
  /** To be filled. */
  readonly facts: ProbeFacts;
}

/** Connects and makes one harmless request. Rejects with a coded error when the answer is not as it should be. */
export type Checker = (check: Check) => Promise<void>;

/** How URLs of one scheme are checked. */
export interface Scheme {
  readonly defaultPort: number;
  /** Loaded by the first probe of its scheme. */
  readonly load: () => Promise<Checker>;
}
