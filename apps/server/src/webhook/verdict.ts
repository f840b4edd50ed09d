import type { DeliveryStatus } from '@roundhouse/store';
import type { AttemptResult } from './client.ts';
import { retryDelayMs } from './schedule.ts';
import type { Random } from '@roundhouse/resilience';

/** What follows from an attempt. */
export interface Verdict {
  readonly status: DeliveryStatus;
  /** Until the next attempt, ms; null when there is none. */
  readonly delayMs: number | null;
  /** Whether the receiver itself is in trouble, rather than at odds with this one message. */
  readonly isReceiverDown: boolean;
  /** Whether it asked to be spared. */
  readonly isOverloaded: boolean;
  /** Whether it wants no more messages. */
  readonly isGone: boolean;
}

/** Standard Webhooks 1.0, "Deliverability and reliability": 429, 502 and 504 tell of a receiver with too much to do. */
const OVERLOAD: ReadonlySet<number> = new Set([429, 502, 504]);
const GONE = 410;
const REQUEST_TIMEOUT = 408;
const SERVER_ERRORS = 500;

/** `attempts` counts this one. */
export function judge({ error, status, retryAfterMs }: AttemptResult, attempts: number, random: Random): Verdict {
  if (error === null) {
    return { status: 'delivered', delayMs: null, isReceiverDown: false, isOverloaded: false, isGone: false };
  }
  const isGone = status === GONE;
  const delayMs = isGone ? null : retryDelayMs(attempts, retryAfterMs, random);
  return {
    status: delayMs === null ? 'dead' : 'pending',
    delayMs,
    isReceiverDown: status === null || status >= SERVER_ERRORS || status === REQUEST_TIMEOUT,
    isOverloaded: status !== null && (OVERLOAD.has(status) || retryAfterMs !== null),
    isGone,
  };
}
