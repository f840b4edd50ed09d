import { netError, type NetRuntime, noNetTracer } from '@roundhouse/net';

/** Bounds of one connection. */
export interface GrpcLimits {
  /** Of a message that comes, as it is without compression. Default 4 MiB. */
  readonly maxReceiveBytes: number;
  /** Of a message that is sent. Default 4 MiB. */
  readonly maxSendBytes: number;
  /** All fields that one side sends at a time. Default 16,384. */
  readonly maxMetadataBytes: number;
  /** Calls at a time. A server default of 128, a client one of 1,000: what the server does not take yet waits. */
  readonly maxCalls: number;
}

const DEFAULTS: Omit<GrpcLimits, 'maxCalls'> = {
  maxReceiveBytes: 4_194_304,
  maxSendBytes: 4_194_304,
  maxMetadataBytes: 16_384,
};
const MOST = 2 ** 31 - 1;

/** Whether messages are compressed; `gzip` is offered, sent and taken. */
export type GrpcCompression = 'none' | 'gzip';
/** Messages below this are sent as they are, bytes. */
export const COMPRESS_MIN_BYTES = 1_024;

/** Completes and checks: each a whole number from 1. Raises NET_OPTION_INVALID. */
export function resolveGrpcLimits(given: Partial<GrpcLimits> = {}, maxCalls: number): GrpcLimits {
  const limits = {
    maxReceiveBytes: given.maxReceiveBytes ?? DEFAULTS.maxReceiveBytes,
    maxSendBytes: given.maxSendBytes ?? DEFAULTS.maxSendBytes,
    maxMetadataBytes: given.maxMetadataBytes ?? DEFAULTS.maxMetadataBytes,
    maxCalls: given.maxCalls ?? maxCalls,
  };
  for (const [name, value] of Object.entries(limits)) {
    if (Number.isInteger(value) && value >= 1 && value <= MOST) continue;
    const reason = `${name} is ${value}, and must be a whole number from 1 to ${MOST}`;
    throw netError('NET_OPTION_INVALID', { details: { reason } });
  }
  return limits;
}

/** The longest wait that an option can name, ms. */
export const LONGEST_MS = 86_400_000;

/** For the connection of HTTP below, of which nothing is told: calls are told here. */
export function silent(runtime: NetRuntime): NetRuntime {
  return { ...runtime, observer: { observe() {} }, tracer: noNetTracer };
}
