import type { RpcMethod } from './grpc/call.ts';
import { type MessageType, messageType } from './grpc/message.ts';

/** The messages of `proto/roundhouse/worker/v1/worker.proto`, by their names and with those of their fields. */

const empty = messageType({});
const metric = messageType({
  name: { number: 1, kind: 'string' },
  kind: { number: 2, kind: 'number' },
  help: { number: 3, kind: 'string' },
  value: { number: 4, kind: 'double' },
  labels: { number: 5, kind: 'map' },
});
const notice = messageType({
  number: { number: 1, kind: 'number' },
  at_ms: { number: 2, kind: 'number' },
  severity: { number: 3, kind: 'number' },
  message: { number: 4, kind: 'string' },
});

export const MESSAGES = {
  ReadyRequest: empty,
  ReadyReply: messageType({ is_ready: { number: 1, kind: 'bool' }, reason: { number: 2, kind: 'string' } }),
  HealthRequest: empty,
  HealthReply: messageType({ status: { number: 1, kind: 'number' }, reason: { number: 2, kind: 'string' } }),
  DrainRequest: messageType({ timeout_ms: { number: 1, kind: 'number' } }),
  DrainReply: messageType({ remaining: { number: 1, kind: 'number' } }),
  ReloadRequest: empty,
  ReloadReply: messageType({ is_reloaded: { number: 1, kind: 'bool' }, reason: { number: 2, kind: 'string' } }),
  MetricsRequest: empty,
  MetricsReply: messageType({ metrics: { number: 1, many: metric } }),
  Metric: metric,
  NoticesRequest: messageType({ after: { number: 1, kind: 'number' } }),
  NoticesReply: messageType({ notices: { number: 1, many: notice } }),
  Notice: notice,
} as const;

const SERVICE = 'roundhouse.worker.v1.Worker';

export const METHODS = {
  Ready: method('Ready', MESSAGES.ReadyRequest, MESSAGES.ReadyReply),
  Health: method('Health', MESSAGES.HealthRequest, MESSAGES.HealthReply),
  Drain: method('Drain', MESSAGES.DrainRequest, MESSAGES.DrainReply),
  Reload: method('Reload', MESSAGES.ReloadRequest, MESSAGES.ReloadReply),
  Metrics: method('Metrics', MESSAGES.MetricsRequest, MESSAGES.MetricsReply),
  Notices: method('Notices', MESSAGES.NoticesRequest, MESSAGES.NoticesReply),
} as const;

function method<Q, A>(name: string, request: MessageType<Q>, reply: MessageType<A>): RpcMethod<Q, A> {
  return { name: `${SERVICE}/${name}`, request, reply };
}

/** Holds the path of the Unix socket that the worker listens on. */
export const SOCKET_VARIABLE = 'ROUNDHOUSE_WORKER_SOCKET';
