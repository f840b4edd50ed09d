import type { Random } from '@roundhouse/resilience';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Wait before each attempt. Standard Webhooks 1.0, "Deliverability and reliability", example schedule. */
const DELAYS_MS = [
  0,
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
] as const;

/** Share by which chance moves a wait either way. */
const JITTER = 0.2;
/** The longest that a receiver may ask for. */
const MAX_RETRY_AFTER_MS = 24 * HOUR_MS;

/** Attempts that a delivery has. */
export const MAX_ATTEMPTS = DELAYS_MS.length;

/** Wait after `attempts` (from 1) attempts that failed, ms; null when that was the last. */
export function retryDelayMs(attempts: number, retryAfterMs: number | null, random: Random): number | null {
  const delayMs = DELAYS_MS[attempts];
  if (delayMs === undefined) return null;
  return Math.max(delayMs * (1 - JITTER + 2 * JITTER * random()), retryAfterMs ?? 0);
}

/** Reads the header Retry-After (RFC 9110 §10.2.3): seconds or a date. Null when it is neither. At most 24 h, in ms. */
export function readRetryAfter(value: string | undefined, now: number): number | null {
  if (value === undefined) return null;
  const isDate = /^[A-Z][a-z]+,? .* GMT$/.test(value);
  const seconds = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  const ms = isDate ? Date.parse(value) - now : seconds * SECOND_MS;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}
