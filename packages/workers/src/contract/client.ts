import type { Scope } from '@roundhouse/core';
import { HEALTH_STATUSES, METRIC_KINDS, SEVERITIES, type WorkerContract } from './contract.ts';
import { callUnary, type RpcMethod } from './grpc/call.ts';
import { METHODS } from './messages.ts';

/** Time of a drain that is left for its answer, ms: never more than a tenth. */
const ANSWER_MS = 500;

/**
 * Speaks to the worker that serves the contract on a Unix socket. Each call has a connection of its own: there is nothing to
 * close, and a worker that was started anew is the one that answers.
 *
 * @param path at most 107 bytes, as unix(7) has it
 */
export function createContractClient(path: string): WorkerContract {
  const call = <Q, A>(method: RpcMethod<Q, A>, message: Q, scope: Scope): Promise<A> =>
    callUnary({ path }, method, message, scope);
  return {
    async ready(scope) {
      const { is_ready: isReady, reason } = await call(METHODS.Ready, {}, scope);
      return { isReady, reason };
    },
    async health(scope) {
      const { status, reason } = await call(METHODS.Health, {}, scope);
      return { status: HEALTH_STATUSES[status] ?? 'unspecified', reason };
    },
    async drain(scope) {
      const leftMs = scope.deadline - scope.clock.monotonic();
      const timeoutMs = Number.isFinite(leftMs) ? leftMs - Math.min(ANSWER_MS, leftMs / 10) : 0;
      const message = { timeout_ms: Math.max(0, Math.ceil(timeoutMs)) };
      return await call(METHODS.Drain, message, scope);
    },
    async reload(scope) {
      const answer = await call(METHODS.Reload, {}, scope);
      return { isReloaded: answer.is_reloaded, reason: answer.reason };
    },
    async metrics(scope) {
      const { metrics } = await call(METHODS.Metrics, {}, scope);
      return metrics.map(({ kind, ...metric }) => ({ ...metric, kind: METRIC_KINDS[kind] ?? 'unspecified' }));
    },
    async notices(after, scope) {
      const { notices } = await call(METHODS.Notices, { after }, scope);
      return notices.map(({ at_ms: at, severity, ...notice }) => ({
        ...notice,
        at,
        severity: SEVERITIES[severity] ?? 'unspecified',
      }));
    },
  };
}
