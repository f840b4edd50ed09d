import type { Scope } from '@roundhouse/core';

/**
 * What an integrated worker says of itself and can be asked to do, as `proto/roundhouse/worker/v1/worker.proto` has it. The
 * worker serves it, so that it needs nobody else to be there. Each rejects with RPC_FAILED, PEER_NO_ANSWER, a code of the
 * network, or the reason of the scope.
 */
export interface WorkerContract {
  /** Whether it wants traffic. */
  ready(scope: Scope): Promise<Readiness>;
  /** Whether it is well; one that is not is to be started anew. */
  health(scope: Scope): Promise<Health>;
  /** Takes no more work, and finishes what it has until the scope's deadline. Resolves with how much was left. */
  drain(scope: Scope): Promise<{ readonly remaining: number }>;
  /** Reads its configuration again. */
  reload(scope: Scope): Promise<{ readonly isReloaded: boolean; readonly reason: string }>;
  metrics(scope: Scope): Promise<readonly Metric[]>;
  /** What people should know, with numbers above `after`, oldest first. */
  notices(after: number, scope: Scope): Promise<readonly Notice[]>;
}

interface Readiness {
  readonly isReady: boolean;
  readonly reason: string;
}

export interface Health {
  readonly status: HealthStatus;
  readonly reason: string;
}

export const HEALTH_STATUSES = ['unspecified', 'ok', 'degraded', 'unhealthy'] as const;
type HealthStatus = (typeof HEALTH_STATUSES)[number];

export const METRIC_KINDS = ['unspecified', 'gauge', 'counter'] as const;

export interface Metric {
  /** As Prometheus has names. */
  readonly name: string;
  readonly kind: (typeof METRIC_KINDS)[number];
  readonly help: string;
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
}

export const SEVERITIES = ['unspecified', 'info', 'warning', 'error'] as const;

export interface Notice {
  /** Counts from 1 in each life of the worker. */
  readonly number: number;
  /** Wall clock, ms. */
  readonly at: number;
  readonly severity: (typeof SEVERITIES)[number];
  readonly message: string;
}
