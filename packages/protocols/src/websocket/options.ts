import { netError } from '@roundhouse/net';

/** Bounds of one connection. */
export interface WebSocketLimits {
  /** Of one message, also after it is inflated. Default 1 MiB, up to 1 GiB. */
  readonly maxMessageBytes: number;
  /** Frames of one message. Default 1,024. */
  readonly maxFragments: number;
  /** Messages that may wait to be taken; beyond that nothing is read from the peer. Default 64. */
  readonly maxQueuedMessages: number;
  /** Bytes of messages that may wait to be taken. Default 1 MiB. */
  readonly maxQueuedBytes: number;
  /** Bytes of messages that may wait to be sent; beyond that `send` rejects. Default 8 MiB. */
  readonly maxBufferedBytes: number;
}

/** Compression of messages, RFC 7692. It costs memory and latency: it is worth it where the line is slow. */
export interface CompressionOptions {
  /** Smaller messages go as they are, bytes. Default 1,024. */
  readonly threshold: number;
  /** Size of the window as a power of two, 9 … 15. Default 12: 4 KiB. */
  readonly windowBits: number;
  /** Whether the window is kept from message to message: better, for memory that stays. Default false. */
  readonly contextTakeover: boolean;
  /** Inflated bytes for each byte that came: a message beyond that which is larger than 1 MiB is refused. Default 200. */
  readonly maxRatio: number;
}

const DEFAULT_LIMITS: WebSocketLimits = {
  maxMessageBytes: 1_048_576,
  maxFragments: 1_024,
  maxQueuedMessages: 64,
  maxQueuedBytes: 1_048_576,
  maxBufferedBytes: 8_388_608,
};

const DEFAULT_COMPRESSION: CompressionOptions = {
  threshold: 1_024,
  windowBits: 12,
  contextTakeover: false,
  maxRatio: 200,
};

const MOST = 1_073_741_824;

/** Completes and checks: each a whole number from 1 to 2^30. Raises NET_OPTION_INVALID. */
export function resolveLimits(given: Partial<WebSocketLimits> = {}): WebSocketLimits {
  const limits = { ...DEFAULT_LIMITS, ...given };
  for (const [name, value] of Object.entries(limits)) demand(name, value, 1, MOST);
  return limits;
}

/** `true` is the defaults; undefined is no compression. Raises NET_OPTION_INVALID. */
export function resolveCompression(
  given: boolean | Partial<CompressionOptions> | undefined,
): CompressionOptions | undefined {
  if (given === undefined || given === false) return undefined;
  const options = { ...DEFAULT_COMPRESSION, ...(given === true ? {} : given) };
  demand('threshold', options.threshold, 0, MOST);
  demand('windowBits', options.windowBits, 9, 15);
  demand('maxRatio', options.maxRatio, 1, 1_100);
  return options;
}

/** RFC 6455 §4.1: sub-protocols are tokens, none twice. Raises NET_OPTION_INVALID. */
export function checkSubprotocols(names: readonly string[]): readonly string[] {
  const isGood = names.every((name) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name));
  if (!isGood || new Set(names).size < names.length) throw invalid('sub-protocols are tokens, and none comes twice');
  return names;
}

function demand(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw invalid(`${name} is ${value}, and must be a whole number from ${least} to ${most}`);
  }
}

function invalid(reason: string): Error {
  return netError('NET_OPTION_INVALID', { protocol: 'websocket', details: { reason } });
}
