import type { BlockList } from 'node:net';
import type { WebhookInput } from '@roundhouse/api';
import type { JournalEvent } from '../event/record.ts';
import { TYPE_PREFIX } from '../event/record.ts';
import { blockList, type AddressPolicy } from './addressRule.ts';
import { checkUrl } from './guard.ts';
import { createSigner, type Signer } from './signature.ts';

/** A webhook as it is configured, with its secret. */
export type WebhookDefinition = Omit<WebhookInput, 'id' | 'secret'> & {
  readonly id: string;
  readonly secret: string | readonly string[];
  /** Ranges of addresses that the operator opens for this webhook. */
  readonly allowed_ranges?: readonly string[];
};

/** A webhook as it works. */
export interface Settings {
  readonly id: string;
  readonly url: URL;
  readonly policy: AddressPolicy;
  readonly signer: Signer;
  readonly isOrdered: boolean;
  readonly maxParallel: number;
  readonly timeoutMs: number;
  readonly isDisabled: boolean;
  readonly wants: (event: JournalEvent) => boolean;
}

const DEFAULTS = { maxParallel: 8, timeoutMs: 15_000 } as const;
const REFERENCE = 'secret://';
const TEST = `${TYPE_PREFIX}webhook.test`;

/**
 * Checks a definition and looks its secrets up. Raises WEBHOOK_URL_FORBIDDEN, WEBHOOK_SECRET_INVALID,
 * WEBHOOK_RANGE_INVALID, and what `lookUp` does.
 */
export async function resolveDefinition(
  definition: WebhookDefinition,
  allowedRanges: readonly string[],
  lookUp: (reference: string) => Promise<string>,
): Promise<Settings> {
  const { id, allow_private: allowPrivate = false } = definition;
  const allowed: BlockList = blockList([...allowedRanges, ...(definition.allowed_ranges ?? [])]);
  const policy = { allowPrivate, allowed };
  const secrets = [definition.secret].flat();
  const texts = await Promise.all(
    secrets.map(async (secret) => (secret.startsWith(REFERENCE) ? await lookUp(secret) : secret)),
  );
  return {
    id,
    url: checkUrl(definition.url, policy),
    policy,
    signer: createSigner(id, texts),
    isOrdered: definition.ordered ?? false,
    maxParallel: definition.max_parallel ?? DEFAULTS.maxParallel,
    timeoutMs: definition.timeout_ms ?? DEFAULTS.timeoutMs,
    isDisabled: definition.disabled ?? false,
    wants: eventFilter(definition),
  };
}

/** Whether a type, with or without its prefix, is among `events` as a webhook names them. */
export function typeFilter(events: readonly string[] = ['*']): (type: string) => boolean {
  const exact = new Set<string>();
  const beginnings: string[] = [];
  for (const text of events) {
    const name = text.startsWith(TYPE_PREFIX) || text === '*' ? text : TYPE_PREFIX + text;
    if (name.endsWith('*')) beginnings.push(name.slice(0, -1));
    else exact.add(name);
  }
  return (type) => {
    const full = type.startsWith(TYPE_PREFIX) ? type : TYPE_PREFIX + type;
    return exact.has(full) || beginnings.some((beginning) => full.startsWith(beginning));
  };
}

function eventFilter({ id, events, subjects }: WebhookDefinition): (event: JournalEvent) => boolean {
  const isWanted = typeFilter(events);
  const about = subjects === undefined ? undefined : new Set(subjects);
  return ({ type, subject }) => {
    // A test is for the one who is tested, whatever else that one wants.
    if (type === TEST) return subject === id;
    // What becomes of its own deliveries is of no use to a receiver that is away, and would go round in circles.
    if (subject === id && type.startsWith(`${TYPE_PREFIX}webhook.`)) return false;
    if (about !== undefined && !about.has(subject)) return false;
    return isWanted(type);
  };
}
