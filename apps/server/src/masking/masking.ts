import type { EventRecord, MaskingChannel } from '@roundhouse/api';
import { maskLine, maskNumbers, maskValue } from '@roundhouse/core';

export interface MaskingOptions {
  /** Default: none. */
  readonly channels?: readonly MaskingChannel[];
  /** Roles that see screens as they are. Default: none. */
  readonly exemptRoles?: readonly string[];
}

/** Hides numbers of cards and social security numbers on the ways out that are named; fixed for the life of a server. */
export class Masking {
  readonly #channels: ReadonlySet<MaskingChannel>;
  readonly #exemptRoles: ReadonlySet<string>;
  /** An event goes to many. */
  readonly #events = new WeakMap<EventRecord, EventRecord>();

  constructor({ channels = [], exemptRoles = [] }: MaskingOptions = {}) {
    this.#channels = new Set(channels);
    this.#exemptRoles = new Set(exemptRoles);
  }

  masks(channel: MaskingChannel): boolean {
    return this.#channels.has(channel);
  }

  /** Whether somebody with these roles sees screens as they are. */
  isExempt(roles: readonly string[]): boolean {
    return roles.some((role) => this.#exemptRoles.has(role));
  }

  /** What becomes of lines of logs; undefined where they stay as they are. */
  get line(): ((bytes: Uint8Array) => Uint8Array) | undefined {
    return this.masks('logs') ? maskBytes : undefined;
  }

  /** An event as it is told outside; the same one where nothing is hidden. */
  event<T extends EventRecord>(event: T): T {
    if (!this.masks('webhooks')) return event;
    const known = this.#events.get(event);
    if (known !== undefined) return known as T;
    const masked = maskedEvent(event);
    this.#events.set(event, masked);
    return masked;
  }
}

/** `event` may have extensions of CloudEvents; the one that repeats the subject is hidden with it. */
function maskedEvent<T extends EventRecord>(event: T): T {
  const subject = maskNumbers(event.subject);
  const data = maskValue(event.data);
  if (subject === event.subject && data === event.data) return event;
  return { ...event, subject, data, ...('partitionkey' in event && { partitionkey: subject }) };
}

/** Bytes of any encoding that keeps ASCII. */
function maskBytes(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const masked = maskLine(text);
  return masked === text ? bytes : Buffer.from(masked, 'latin1');
}
