import { type NetError, netError } from '@roundhouse/net';

/** Why a WebSocket ended, as its peers say it. RFC 6455 §7.4.1, and the registry of IANA. */
export const CLOSE = {
  Normal: 1000,
  GoingAway: 1001,
  ProtocolError: 1002,
  UnsupportedData: 1003,
  /** Never sent: the close frame had no code. */
  NoStatus: 1005,
  /** Never sent: there was no close frame. */
  Abnormal: 1006,
  InvalidData: 1007,
  PolicyViolation: 1008,
  TooBig: 1009,
  ExtensionMissing: 1010,
  InternalError: 1011,
  ServiceRestart: 1012,
  TryAgainLater: 1013,
  BadGateway: 1014,
} as const;

/** What was said at the end. */
export interface WebSocketEnd {
  /** 1005 when the frame had none, 1006 when there was no frame. */
  readonly code: number;
  readonly reason: string;
  /** Whether both sides have sent a close frame. */
  readonly isClean: boolean;
}

/** Of the reason in a close frame, bytes of UTF-8: 125 of a control frame less the code. RFC 6455 §5.5.1. */
const MAX_REASON_BYTES = 123;

/** Checks what this side is to say. RFC 6455 §7.4.2: 3000 … 4999 are for libraries and applications. */
export function checkClose(code: number, reason: string): void {
  const isStandard = code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
  if (!Number.isInteger(code) || !(isStandard || (code >= 3000 && code <= 4999))) {
    throw invalid(`${code} is not a code that a close frame may have`);
  }
  if (Buffer.byteLength(reason) > MAX_REASON_BYTES) {
    throw invalid(`the reason of a close frame has at most ${MAX_REASON_BYTES} bytes`);
  }
}

function invalid(reason: string): NetError {
  return netError('NET_OPTION_INVALID', { protocol: 'websocket', details: { reason } });
}

/** Codes by which a peer says that it may work later. */
const LATER = new Set<number>([CLOSE.InternalError, CLOSE.ServiceRestart, CLOSE.TryAgainLater, CLOSE.BadGateway]);
/** Codes by which a peer says that this side did something wrong. */
const REFUSALS = new Set<number>([
  CLOSE.ProtocolError,
  CLOSE.UnsupportedData,
  CLOSE.InvalidData,
  CLOSE.PolicyViolation,
  CLOSE.TooBig,
  CLOSE.ExtensionMissing,
]);

/** What the peer's code means for this side; undefined for an end that was meant, and for codes of applications. */
export function closeError(code: number, reason: string, peer: string): NetError | undefined {
  const isLater = LATER.has(code);
  if (!isLater && !REFUSALS.has(code)) return undefined;
  const remote = { status: String(code), text: reason };
  return netError(isLater ? 'PEER_UNAVAILABLE' : 'PEER_REFUSED', {
    protocol: 'websocket',
    phase: 'read',
    peer,
    remote,
  });
}
