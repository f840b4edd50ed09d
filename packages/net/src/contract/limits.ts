import { netError } from '../errors.ts';

/** Bounds of what a server takes, and of what one peer may make it hold. */
export interface ServerLimits {
  /** Connections at a time. Default 10,000. */
  readonly maxConnections: number;
  /** Of one address. Default: as many as altogether. */
  readonly maxPerPeer: number;
}

const DEFAULTS: ServerLimits = { maxConnections: 10_000, maxPerPeer: 10_000 };
const MOST = 1_000_000;

/** Completes and checks: each a whole number from 1. Raises NET_OPTION_INVALID. */
export function resolveServerLimits(given: Partial<ServerLimits> = {}): ServerLimits {
  const limits = {
    maxConnections: given.maxConnections ?? DEFAULTS.maxConnections,
    maxPerPeer: given.maxPerPeer ?? given.maxConnections ?? DEFAULTS.maxPerPeer,
  };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isInteger(value) || value < 1 || value > MOST) {
      const reason = `${name} is ${value}, and must be a whole number from 1 to ${MOST}`;
      throw netError('NET_OPTION_INVALID', { details: { reason } });
    }
  }
  return limits;
}
