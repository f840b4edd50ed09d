import { isRoundhouseError, RoundhouseError } from '@roundhouse/core';
import { type NetError, type NetErrorCode, netError, type Sent } from '@roundhouse/net';
import type { Fields } from '../http/index.ts';
import { grpcError } from './errors.ts';
import type { Metadata } from './metadata.ts';

/** What the numbers are called. https://github.com/grpc/grpc/blob/master/doc/statuscodes.md */
export const GRPC_STATUSES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;
export type GrpcStatusName = (typeof GRPC_STATUSES)[number];
/** What a call may fail with. */
export type GrpcFailure = Exclude<GrpcStatusName, 'OK'>;

/** The code that a caller sees for what a server answers. PEER_REFUSED: asking again changes nothing. */
const NET_CODES = {
  CANCELLED: 'PEER_REFUSED',
  UNKNOWN: 'PEER_REFUSED',
  INVALID_ARGUMENT: 'PEER_REFUSED',
  DEADLINE_EXCEEDED: 'TIMEOUT',
  NOT_FOUND: 'PEER_NOT_FOUND',
  ALREADY_EXISTS: 'PEER_REFUSED',
  PERMISSION_DENIED: 'PEER_REFUSED',
  // A quota, or a message that is too large: nobody says that it will be better soon.
  RESOURCE_EXHAUSTED: 'PEER_REFUSED',
  FAILED_PRECONDITION: 'PEER_REFUSED',
  // To be tried again from the beginning of the transaction, not by itself.
  ABORTED: 'PEER_REFUSED',
  OUT_OF_RANGE: 'PEER_REFUSED',
  UNIMPLEMENTED: 'PEER_NOT_FOUND',
  INTERNAL: 'PEER_REFUSED',
  UNAVAILABLE: 'PEER_UNAVAILABLE',
  DATA_LOSS: 'PEER_REFUSED',
  UNAUTHENTICATED: 'PEER_LOGIN_REFUSED',
} as const satisfies Record<GrpcFailure, NetErrorCode>;

/** Of an answer without `grpc-status`. https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md */
const OF_HTTP: Readonly<Record<number, GrpcFailure>> = {
  400: 'INTERNAL',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'UNIMPLEMENTED',
  429: 'UNAVAILABLE',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'UNAVAILABLE',
};

/** What a server answers for an error of ours that a handler raises. */
const OF_ERROR_STATUS: Readonly<Record<number, GrpcFailure>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'FAILED_PRECONDITION',
  410: 'FAILED_PRECONDITION',
  413: 'RESOURCE_EXHAUSTED',
  422: 'INVALID_ARGUMENT',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  501: 'UNIMPLEMENTED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** Characters of a text that go into trailers, and into errors. */
const MAX_TEXT = 1_000;

/** A message that says more of a failure, as bytes of its type. */
export interface StatusDetail {
  /** Full name of the type, e.g. `google.rpc.RetryInfo`. */
  readonly type: string;
  readonly value: Uint8Array;
}

export interface StatusInit {
  /** Messages that say more, of any type. */
  readonly details?: readonly StatusDetail[];
  /** Sent behind the answer. */
  readonly trailers?: Metadata;
}

/** How a call failed, in the terms of gRPC. A handler throws it; a caller finds it by `grpcStatusOf`. */
export class GrpcStatusError extends RoundhouseError {
  override readonly name = 'GrpcStatusError';
  readonly grpcStatus: GrpcFailure;
  readonly text: string;
  readonly statusDetails: readonly StatusDetail[];
  readonly trailers: Metadata;

  constructor(grpcStatus: GrpcFailure, text: string, { details = [], trailers = {} }: StatusInit = {}) {
    super('GRPC_STATUS', grpcError.catalogue.GRPC_STATUS, {
      details: { status: grpcStatus, text: text || 'no reason' },
    });
    this.grpcStatus = grpcStatus;
    this.text = text;
    this.statusDetails = details;
    this.trailers = trailers;
  }
}

/** What a handler throws to end its call with a status. The text is for the caller to read: nothing secret. */
export function grpcStatus(status: GrpcFailure, text: string, init?: StatusInit): GrpcStatusError {
  return new GrpcStatusError(status, text, init);
}

/** The status that a server answered with, of an error that a call rejected with; undefined when it did not answer. */
export function grpcStatusOf(error: unknown): GrpcStatusError | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    if (at instanceof GrpcStatusError) return at;
  }
  return undefined;
}

export const numberOf = (status: GrpcStatusName): number => GRPC_STATUSES.indexOf(status);

/**
 * Reads `grpc-status`, `grpc-message` and `grpc-status-details-bin`. Undefined: there is none; null: OK. A number that is
 * not known is UNKNOWN; a text or details that cannot be read are left out, the status stays.
 */
export function readStatus(
  fields: Fields,
  detailsOf: (base64: string) => readonly StatusDetail[],
): GrpcStatusError | null | undefined {
  const code = fields['grpc-status'];
  if (code === undefined) return undefined;
  const number = /^\d{1,3}$/.test(code) ? Number(code) : 2;
  if (number === 0) return null;
  const status = (GRPC_STATUSES[number] ?? 'UNKNOWN') as GrpcFailure;
  const text = decodeText(fields['grpc-message'] ?? '');
  const details = fields['grpc-status-details-bin'];
  return new GrpcStatusError(status, text, details === undefined ? {} : { details: detailsOf(details) });
}

/** The status of an answer of HTTP that says nothing of gRPC. */
export function statusOfHttp(status: number): GrpcStatusError {
  return new GrpcStatusError(OF_HTTP[status] ?? 'UNKNOWN', `HTTP ${status} without a status of gRPC`);
}

/** Percent-decodes a text of UTF-8; what is not encoded as it should be stays as it is ("Status-Message"). */
function decodeText(text: string): string {
  const cut = text.slice(0, MAX_TEXT * 3);
  const bytes = Buffer.from(
    cut.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  );
  return bytes.toString('utf8').slice(0, MAX_TEXT).toWellFormed();
}

/** A text as it may be sent: short, and without what UTF-8 has no bytes for. */
export function sendableText(text: string): string {
  return text.slice(0, MAX_TEXT).toWellFormed();
}

export interface CallPlace {
  readonly peer: string;
  /** As `package.Service/Method`. */
  readonly method: string;
  readonly sent: Sent;
}

/** The error that a caller gets for a status; `grpcStatusOf` gives the status back. */
export function failureOfStatus(cause: GrpcStatusError, { peer, method, sent }: CallPlace): NetError {
  const { grpcStatus: status, text } = cause;
  const what =
    status === 'UNIMPLEMENTED' ? `method ${method}` : `such thing for ${method}: ${text || 'it gives no reason'}`;
  return netError(NET_CODES[status], {
    protocol: 'grpc',
    phase: 'request',
    peer,
    sent,
    remote: { status, text: text || 'it gives no reason' },
    details: { method, what },
    cause,
  });
}

/** What a handler has thrown, as the status that the client gets. What is not meant for it is INTERNAL without a reason. */
export function statusOfFailure(error: unknown): GrpcStatusError {
  const own = isRoundhouseError(error) ? error : undefined;
  if (own instanceof GrpcStatusError) return own;
  const status = own && OF_ERROR_STATUS[own.status];
  if (own === undefined || status === undefined) return new GrpcStatusError('INTERNAL', 'The service failed');
  return new GrpcStatusError(status, own.message);
}
