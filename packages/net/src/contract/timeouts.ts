import { netError } from '../errors.ts';

/** Every wait has an end, ms. A scope may end earlier, never later. */
export interface Timeouts {
  /** Name and connection, with the way through a proxy. */
  readonly connectMs: number;
  readonly tlsMs: number;
  /** First words of the server, negotiation and log-in together. */
  readonly greetingMs: number;
  /** One operation, from its call to its last byte. */
  readonly requestMs: number;
  /** Between two parts of something that streams. */
  readonly idleMs: number;
  /** `drain`, before what is left is cut. */
  readonly drainMs: number;
}

export const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 10_000,
  tlsMs: 10_000,
  greetingMs: 10_000,
  requestMs: 30_000,
  idleMs: 60_000,
  drainMs: 5_000,
};

const MAX_TIMEOUT_MS = 86_400_000;

/** Completes and checks: each 1 ms … 24 h. Raises NET_OPTION_INVALID. */
export function resolveTimeouts(given: Partial<Timeouts> = {}, defaults: Timeouts = DEFAULT_TIMEOUTS): Timeouts {
  const resolved = { ...defaults, ...withoutUndefined(given) };
  for (const [name, value] of Object.entries(resolved)) {
    if (!(value >= 1 && value <= MAX_TIMEOUT_MS)) {
      const reason = `${name} is ${value}, and must be from 1 to ${MAX_TIMEOUT_MS} ms`;
      throw netError('NET_OPTION_INVALID', { details: { reason } });
    }
  }
  return resolved;
}

function withoutUndefined<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;
}
