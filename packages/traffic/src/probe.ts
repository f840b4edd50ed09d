import type { Scope } from '@roundhouse/core';
import type { Endpoint } from './endpoint.ts';

/** One rung of a probe's ladder, e.g. `tcp`, `tls`, `telnet`. */
export interface ProbeStep {
  readonly name: string;
  readonly ok: boolean;
  /** ms that this step took. */
  readonly elapsedMs: number;
  /** Catalogue code of what failed. */
  readonly code?: string;
}

/** What a probe measured; never a guess. */
export interface ProbeResult {
  /** `degraded`: it answers, but not as it should (slow, or a screen that says so). */
  readonly outcome: 'ok' | 'degraded' | 'failed';
  readonly elapsedMs: number;
  /** In the order tried; the last one failed unless the outcome is `ok`. */
  readonly steps: readonly ProbeStep[];
  readonly error?: { readonly code: string; readonly message: string };
}

/** A check of one endpoint. It takes as long as the scope allows and opens nothing that outlives it. */
export interface Probe<Target> {
  /** E.g. `tcp`, `tn3270`. */
  readonly kind: string;
  /** Resolves with what was found, failures included; rejects only with the reason of the scope. */
  check(endpoint: Endpoint<Target>, scope: Scope): Promise<ProbeResult>;
}
