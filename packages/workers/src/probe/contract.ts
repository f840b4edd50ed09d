import type { Scope } from '@roundhouse/core';
import type { ProbeResult, ProbeStep } from '@roundhouse/traffic';
import type { ProbeAction, ProbeRole } from '../spec/spec.ts';

/** Checks one instance, once. It opens nothing that outlives the scope. */
export interface WorkerCheck {
  /**
   * Resolves with what was found, failures included; rejects only with the reason of the scope. The role decides what a
   * worker is asked over its contract.
   */
  check(action: ProbeAction, role: ProbeRole, scope: Scope): Promise<ProbeResult>;
}

/** How a probe of an instance stands. */
export interface ProbeStatus {
  /** `unknown` until the first threshold is reached. */
  readonly status: 'success' | 'failure' | 'unknown';
  /** Wall clock, ms. */
  readonly checkedAt: number | null;
  readonly elapsedMs: number | null;
  /** In a row. */
  readonly failures: number;
  readonly code: string | null;
  readonly message: string | null;
  /** Of the last check, in their order. */
  readonly steps: readonly ProbeStep[];
}

export type ProbeStatuses = Readonly<Record<ProbeRole, ProbeStatus | null>>;

/** A threshold was reached; told when the status changes, and for failures of liveness and startup each time. */
export interface ProbeVerdict {
  readonly role: ProbeRole;
  readonly isPassing: boolean;
  readonly status: ProbeStatus;
}
