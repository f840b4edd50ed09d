import type { EventRecord } from '@roundhouse/api';

/** When sessions lost their host and had another one, on the clock of whoever watched. */
export interface Losses {
  /** The first thing that was told. */
  readonly detectedAt: number;
  /** The last session had another host. */
  readonly replacedAt: number;
}

/** Types of the events that `followLosses` goes by. */
export const LOSS_EVENTS = {
  lost: 'roundhouse.session.host_lost',
  replaced: 'roundhouse.session.replaced',
  migrated: 'roundhouse.session.migrated',
  closed: 'roundhouse.session.closed',
  failed: 'roundhouse.session.error',
} as const;

/**
 * Watches until so many sessions have another host or have ended. Undefined when one has ended, or the events end before.
 * `now` is asked as events come.
 */
export async function followLosses(
  events: AsyncIterable<EventRecord>,
  sessions: number,
  now: () => number,
): Promise<Losses | undefined> {
  let detectedAt: number | undefined;
  const hasAnother = new Map<string, boolean>();
  for await (const { type, subject } of events) {
    detectedAt ??= now();
    if (type === LOSS_EVENTS.lost) continue;
    hasAnother.set(subject, type === LOSS_EVENTS.replaced || type === LOSS_EVENTS.migrated);
    if (hasAnother.size < sessions) continue;
    return [...hasAnother.values()].every(Boolean) ? { detectedAt, replacedAt: now() } : undefined;
  }
  return undefined;
}
