import type { Scope } from '@roundhouse/core';
import { formatAddress } from '@roundhouse/net';
import { callUnary } from '../contract/grpc/call.ts';
import { messageType } from '../contract/grpc/message.ts';
import { workerError } from '../errors.ts';
import type { ProbeAction } from '../spec/spec.ts';

/** https://github.com/grpc/grpc-proto/blob/master/grpc/health/v1/health.proto */
const CHECK = {
  name: 'grpc.health.v1.Health/Check',
  request: messageType({ service: { number: 1, kind: 'string' } }),
  reply: messageType({ status: { number: 1, kind: 'number' } }),
} as const;
const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const;

/** Passes with SERVING. An empty service is the server as a whole. */
export async function checkGrpc(action: Extract<ProbeAction, { kind: 'grpc' }>, scope: Scope): Promise<void> {
  const { service } = action;
  const { status } = await callUnary(action, CHECK, { service }, scope);
  const said = STATUSES[status] ?? `status ${status}`;
  if (said === 'SERVING') return;
  throw workerError('PROBE_NOT_SERVING', {
    details: { peer: formatAddress(action), service: service === '' ? 'itself' : service, serving_status: said },
  });
}
